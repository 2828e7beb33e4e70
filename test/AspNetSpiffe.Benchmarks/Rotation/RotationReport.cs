using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Whether everybody was served, and whether memory stayed as it was.</summary>
internal sealed class RotationReport(List<MemorySample> samples, RotationRun.Outcome outcome)
{
    /// <summary>Seconds whose median is compared: one sample may fall on a busy moment.</summary>
    public const int Window = 5;

    public async Task WriteAsync(DateTimeOffset begin, string? file, string? plots)
    {
        var (last, megabytes) = (samples[^1], Medians());
        var text = new Markdown();
        text.AddRun(begin, $"{last.Rotations} rotations");
        text.AddTable([Invariant($"{last.Rotations:N0} rotations under load"), ""],
        [
            ["rotations, each published by the server before the next was sent", Invariant($"{last.Rotations:N0}, {last.Rotations / last.At.TotalSeconds:0} a second")],
            ["requests on kept connections, failed", Invariant($"{outcome.Requests:N0}, {outcome.FailedRequests}")],
            ["new connections with one request, failed", Invariant($"{outcome.Handshakes:N0}, {outcome.FailedHandshakes}")],
            [Invariant($"resident memory after {RotationRun.Settled} rotations, MB"), Invariant($"{megabytes[0]:0.0}")],
            ["resident memory at the end, MB", Describe(megabytes[^1])],
            ["lowest and highest between, MB", $"{Describe(megabytes.Min())}, {Describe(megabytes.Max())}"],
        ]);
        text.AddParagraph(
            $"Memory is the median of each {Window} seconds.",
            $"The server ran with TieredCompilation off: otherwise memory grows for minutes because code is compiled a second time.");
        await text.WriteAsync(file);
        if (plots is not null) await RotationPlot.WriteAsync(samples, megabytes[0], plots);

        string Describe(double size) => Invariant($"{size:0.0} ({100 * ((size / megabytes[0]) - 1):+0.0;-0.0;0.0} %)");
    }

    // The samples of the end are of the last window; what remains of the seconds between is left out.
    private double[] Medians()
    {
        var settled = samples.Where(s => s.Rotations >= RotationRun.Settled).Select(s => s.Resident / 1e6).ToArray();
        return [.. settled.Chunk(Window).Where(c => c.Length == Window).Append(settled[^Window..]).Select(Markdown.Median)];
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
