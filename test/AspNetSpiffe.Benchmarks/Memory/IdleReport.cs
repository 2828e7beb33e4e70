using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What idle connections cost.</summary>
internal sealed class IdleReport(Dictionary<string, List<Footprint>> footprints, List<Revocation> revocations)
{
    private readonly int _count = footprints[IdleRun.Ours][0].Connections;

    public async Task WriteAsync(DateTimeOffset begin, string? file, string? plots)
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
        if (plots is not null) await DrawAsync(plots);
    }

    /// <summary>Writes idle.svg.</summary>
    private Task DrawAsync(string folder)
    {
        var bars = new Bars("What an idle connection costs the server", $"Medians of {revocations.Count} rounds, whiskers from the least to the most; × of the same round.", "KiB of resident memory for each connection");
        bars.Add(string.Create(CultureInfo.InvariantCulture, $"{_count:N0} connections with client certificates (× {IdleRun.Plain})"), footprints.Keys.Select(BarOf));
        Directory.CreateDirectory(folder);
        return bars.WriteAsync(Path.Combine(folder, "idle.svg"));
    }

    private Bar BarOf(string name)
    {
        double[] sizes = [.. footprints[name].Select(f => f.Each / 1024)];
        var ratio = Markdown.Median(footprints[name].Zip(footprints[IdleRun.Plain], (a, b) => a.Each / b.Each));
        var colour = name switch { IdleRun.Ours => Svg.Blue, IdleRun.Plain => Svg.Soft, _ => Svg.Grey };
        return new(name, sizes.Min(), Markdown.Median(sizes), sizes.Max(), string.Create(CultureInfo.InvariantCulture, $"{Markdown.Median(sizes):0.0} KiB · {ratio:0.00} ×"), colour);
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
