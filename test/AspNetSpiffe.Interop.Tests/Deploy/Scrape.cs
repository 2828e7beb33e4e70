using System.Globalization;
using System.Text.RegularExpressions;

namespace AspNetSpiffe.InteropTests;

/// <summary>What a process says of itself on /metrics, in Prometheus' text format: the value of each series, by the series as it stands there.</summary>
internal sealed partial record Scrape(DateTimeOffset Time, IReadOnlyDictionary<string, double> Values)
{
    /// <summary>Reads until what is awaited is there; events are counted a moment after they happen.</summary>
    public static async Task<Scrape> UntilAsync(Uri address, Func<Scrape, bool> isThere, CancellationToken patience)
    {
        using var client = new HttpClient();
        var text = "";
        try
        {
            while (true)
            {
                text = await client.GetStringAsync(address, patience);
                if (Parse(text) is var scrape && isThere(scrape)) return scrape;
            }
        }
        catch (OperationCanceledException)
        {
            throw new Xunit.Sdk.XunitException($"What the test waits for does not come: {text}");
        }
    }

    public static Scrape Parse(string text) =>
        new(TimeProvider.System.GetUtcNow(), Line().Matches(text).ToDictionary(static line => line.Groups[1].Value, static line => double.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture)));

    /// <summary>Gives the sum of all series of a metric whose labels have this text; null if there is none.</summary>
    public double? Sum(string metric, string label = "")
    {
        var values = Values.Where(series => NameOf(series.Key) == metric && series.Key.Contains(label, StringComparison.Ordinal)).Select(static series => series.Value).ToArray();
        return values.Length == 0 ? null : values.Sum();
    }

    public static string NameOf(string series) => series.Split('{')[0];

    public static IEnumerable<string> LabelsOf(string series) => Label().Matches(series).Select(static label => label.Groups[1].Value);

    [GeneratedRegex(@"^([a-z][\w:]*(?:\{.*\})?) (\S+)", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("[{,]([a-z_]+)=\"")]
    private static partial Regex Label();
}
