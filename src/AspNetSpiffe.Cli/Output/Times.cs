namespace AspNetSpiffe.Cli.Output;

/// <summary>Formats times.</summary>
internal static class Times
{
    public static string Describe(DateTimeOffset moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", null);

    public static string DescribeLeft(DateTimeOffset end, DateTimeOffset now) => end > now ? $"{Duration.Describe(end - now)} left" : "expired";
}
