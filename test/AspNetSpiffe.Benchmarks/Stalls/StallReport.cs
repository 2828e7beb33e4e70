using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a run for stalls has measured.</summary>
internal sealed class StallReport(StallResult[] results, double generatorPauses)
{
    private const int Listed = 20;

    private readonly Markdown _text = new();

    public async Task WriteAsync(string what, DateTimeOffset begin, string? file)
    {
        _text.AddRun(begin, what);
        List<(string Title, Func<StallResult, string> Cell)> columns =
        [
            ("ms from when a handshake was due", r => r.Name),
            ("handshakes", r => r.Handshakes.Length.ToString("N0", CultureInfo.InvariantCulture)),
            ("failed", r => r.Failed.ToString("N0", CultureInfo.InvariantCulture)),
            ("p50", r => Milliseconds(r.Percentile(0.5))),
            ("p99", r => Milliseconds(r.Percentile(0.99))),
            ("p99.9", r => Milliseconds(r.Percentile(0.999))),
            ("max", r => Milliseconds(r.Percentile(1))),
            ($"over {StallRun.Stall} ms", r => r.Stalls.Count().ToString("N0", CultureInfo.InvariantCulture)),
            ("of them while the other was over it too", r => r.Stalls.Count(h => OtherThan(r).Around(h.Due).Max() > StallRun.Stall).ToString("N0", CultureInfo.InvariantCulture)),
        ];
        _text.AddTable(columns.Select(c => c.Title), results.Select(r => columns.Select(c => c.Cell(r))));
        _text.AddParagraph($"The clients' own collections stopped them for {generatorPauses:0.0} ms in all.");
        foreach (var result in results) AddWorst(result);
        await _text.WriteAsync(file);
    }

    private void AddWorst(StallResult result)
    {
        var other = OtherThan(result);
        List<(string Title, Func<Timed, string> Cell)> columns =
        [
            ($"the {Listed} worst of {result.Name}, ms", h => Milliseconds(h.Latency)),
            ("of them late to begin", h => Milliseconds(h.Late)),
            ("at", h => Clock(h.Due)),
            ("since the server's first handshake", h => Clock(h.Due + result.Age)),
            ($"{other.Name} in the same second: median", h => Milliseconds(Markdown.Median(other.Around(h.Due)))),
            ("worst", h => Milliseconds(other.Around(h.Due).Max())),
        ];
        _text.AddTable(columns.Select(c => c.Title), result.Worst(Listed).Select(h => columns.Select(c => c.Cell(h))));
    }

    private StallResult OtherThan(StallResult result) => results.Single(r => r != result);

    private static string Milliseconds(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Clock(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}.{time.Milliseconds:000}");
}
