using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.TestKit;

/// <summary>One line that a host under test logged.</summary>
/// <param name="Level">How grave it is.</param>
/// <param name="Category">The logger, mostly a type name.</param>
/// <param name="Event">Id and name.</param>
/// <param name="Message">The formatted text.</param>
/// <param name="Values">The values of the placeholders.</param>
/// <param name="Exception">What was thrown, if anything.</param>
public sealed record LogRecord(
    LogLevel Level, string Category, EventId Event, string Message, IReadOnlyDictionary<string, object?> Values, Exception? Exception)
{
    /// <summary>Returns the record as one line, and the exception below it.</summary>
    public override string ToString() =>
        $"{Level} {Category} {Event.Name ?? Event.Id.ToString(global::System.Globalization.CultureInfo.InvariantCulture)}: {Message}" +
        (Exception is null ? "" : $"{Environment.NewLine}  {Exception}");
}
