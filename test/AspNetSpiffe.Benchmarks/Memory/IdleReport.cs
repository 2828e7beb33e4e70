using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What idle connections cost.</summary>
internal sealed class IdleReport(Dictionary<string, List<Footprint>> footprints, List<Revocation> revocations)
{
    private readonly int _count = footprints[IdleRun.Ours][0].Connections;

    public async Task WriteAsync(DateTimeOffset begin, string? file)
    {
        var text = new Markdown();
        text.AddRun(begin, $"{revocations.Count} rounds");
        var columns = Columns();
        text.AddTable(columns.Select(c => c.Title), footprints.Keys.Select(name => columns.Select(c => c.Cell(name))));
        var looks = revocations.SelectMany(r => r.Looks);
        var (closed, cpu) = (Markdown.Spread(revocations.Select(r => r.Closed), "N0"), Markdown.Spread(revocations.Select(r => r.Cpu), "N0"));
        text.AddParagraph(
            $"Each connection has a client certificate of its own, and was asked one request over HTTP/1.1. {IdleRun.Ours} and Kestrel were read after a collection.",
            $"With {_count:N0} connections open, a look at all takes {Markdown.Median(looks):0.0} ms (median of {looks.Count()}; the longest {looks.Max():0.0} ms).",
            $"When the CA of their peers leaves the bundle, the last is closed {closed} ms after the agent's message, for {cpu} ms of the server's processor time.");
        await text.WriteAsync(file);
    }

    private List<(string Title, Func<string, string> Cell)> Columns() =>
    [
        (string.Create(CultureInfo.InvariantCulture, $"resident memory, {_count:N0} idle connections"), name => name),
        ("before, MB", Megabytes(f => f.Before)),
        (string.Create(CultureInfo.InvariantCulture, $"with {_count / 10:N0}, MB"), Megabytes(f => f.Few)),
        (string.Create(CultureInfo.InvariantCulture, $"with {_count:N0}, MB"), Megabytes(f => f.Many)),
        ("KiB each", name => Spread(name, f => f.Each / 1024, "0.0")),
        ($"× {IdleRun.Plain}, each", Compare(f => f.Each)),
        ($"× {IdleRun.Plain}, whole process", Compare(f => f.Many)),
        ("managed heap, KiB each", name => footprints[name][0].HeapEach is null ? "" : Spread(name, f => f.HeapEach!.Value / 1024, "0.0")),
    ];

    private Func<string, string> Megabytes(Func<Footprint, long> bytes) => name => Spread(name, f => bytes(f) / 1e6, "0.0");

    // Of the same round: what disturbs the machine disturbs both.
    private Func<string, string> Compare(Func<Footprint, double> of) => name =>
        name == IdleRun.Plain ? "1" : Markdown.Spread(footprints[name].Zip(footprints[IdleRun.Plain], (a, b) => of(a) / of(b)), "0.00");

    private string Spread(string name, Func<Footprint, double> of, string format) => Markdown.Spread(footprints[name].Select(of), format);
}
