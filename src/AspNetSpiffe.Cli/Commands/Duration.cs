using System.Globalization;

namespace AspNetSpiffe.Cli;

/// <summary>How long, as people write it: 90s, 5m, 1h, 2d.</summary>
internal static class Duration
{
    /// <exception cref="FormatException">The text is no duration.</exception>
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

    /// <summary>Says roughly how long, for example '59 min'.</summary>
    public static string Describe(TimeSpan time) => time switch
    {
        { Ticks: <= 0 } => "none",
        { TotalSeconds: < 120 } => $"{time.TotalSeconds:0} s",
        { TotalMinutes: < 120 } => $"{time.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{time.TotalHours:0} h",
        _ => $"{time.TotalDays:0} days",
    };

    private static FormatException NotOne(string text) => new($"'{text}' is no duration; write a number and a unit, for example 90s, 5m, 1h or 2d.");
}
