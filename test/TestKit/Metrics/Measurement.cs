namespace AspNetSpiffe.TestKit;

/// <summary>One thing that was counted.</summary>
/// <param name="Instrument">The name of the counter.</param>
/// <param name="Value">By how much it grew.</param>
/// <param name="Tags">By what it is told apart.</param>
public sealed record Measurement(string Instrument, long Value, IReadOnlyDictionary<string, object?> Tags);
