using System.Globalization;

namespace AspNetSpiffe;

/// <summary>Renders times.</summary>
internal static class TimeHtml
{
    public static Html At(DateTimeOffset time) => Html.Of($"<time datetime=\"{time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\">{Text(time)}</time>");

    /// <summary>Renders an expiry and the time until then.</summary>
    public static Html Until(DateTimeOffset time, DateTimeOffset now) =>
        time <= now ? Html.Of($"{At(time)} <span class=\"sub bad\">expired {Length(now - time)} ago</span>") : Html.Of($"{At(time)} <span class=\"sub\">in {Length(time - now)}</span>");

    /// <summary>Renders a time in the past and how long ago it was.</summary>
    public static Html Since(DateTimeOffset time, DateTimeOffset now) => Html.Of($"{At(time)} <span class=\"sub\">{Length(now - time)} ago</span>");

    /// <summary>Formats a duration in its two largest units.</summary>
    public static string Length(TimeSpan time) => time switch
    {
        { Days: > 0 } => $"{time.Days} d {time.Hours} h",
        { Hours: > 0 } => $"{time.Hours} h {time.Minutes} min",
        { Minutes: > 0 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{Math.Max(0, time.Seconds)} s",
    };

    public static string Day(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Text(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
