namespace AspNetSpiffe.InteropTests;

/// <summary>What a caller under full load has to tell.</summary>
/// <param name="Requests">How many requests it made.</param>
/// <param name="Unsent">How many of them its HTTP/2 library refused before it sent any of them, because the server had just asked to leave; they went over the next connection.</param>
/// <param name="Failures">What each that failed said.</param>
internal sealed record LoadReport(long Requests, long Unsent, IReadOnlyList<string> Failures);
