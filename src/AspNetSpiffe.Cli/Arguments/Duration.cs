using System.Globalization;

namespace AspNetSpiffe.Cli;

/// <summary>Durations in the form 90s, 5m, 1h, 2d.</summary>
internal static class Duration
{
    /// <exception cref="FormatException">The text is not a duration.</exception>
    public static TimeSpan Parse(string text)
    {
        var number = text.Length > 1 && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var parsed) && parsed <= 1e6
            ? parsed
            : throw NotOne(text);
        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => throw NotOne(text),
        };
    }

    /// <summary>Formats a duration in its two largest units, for example '1 h' or '1 h 30 min'.</summary>
    public static string Describe(TimeSpan time)
    {
        (int Count, string Unit)[] parts = [(time.Days, time.Days == 1 ? "day" : "days"), (time.Hours, "h"), (time.Minutes, "min"), (time.Seconds, "s")];
        var told = parts.SkipWhile(static p => p.Count == 0).Take(2).Where(static p => p.Count > 0).Select(static p => $"{p.Count} {p.Unit}").ToArray();
        return told.Length > 0 ? string.Join(' ', told) : "less than 1 s";
    }

    private static FormatException NotOne(string text) => new($"'{text}' is not a duration; write a number and a unit, for example 90s, 5m, 1h or 2d.");
}
