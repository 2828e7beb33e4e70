using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Latency over time as a picture: for each second the worst handshake and the median, one server above the other.</summary>
internal sealed class StallPlot
{
    private const double Width = 1000, Left = 70, Right = 24, Top = 112, Panel = 190, Between = 52;

    private readonly Svg _svg;
    private readonly Axis _time;
    private readonly double _least, _most;

    private StallPlot(StallResult[] results, string title)
    {
        _svg = new(Width, Top + (results.Length * (Panel + Between)) + 10, title);
        var seconds = Math.Ceiling(results.Max(r => r.Handshakes[^1].Due.TotalSeconds));
        _time = new(0, seconds, Left, Width - Right);

        // Whole powers of ten, with room for the line of a stall.
        _least = PowerOfTen(Math.Floor, results.Min(r => r.Percentile(0)));
        _most = PowerOfTen(Math.Ceiling, Math.Max(2 * StallRun.Stall, results.Max(r => r.Percentile(1))));
    }

    /// <summary>Writes stalls.svg.</summary>
    public static async Task WriteAsync(StallResult[] results, int perSecond, string authorities, string folder)
    {
        Directory.CreateDirectory(folder);
        const string title = "How long a handshake takes, over time";
        var plot = new StallPlot(results, title);
        plot._svg.Text(20, 30, title, size: 18, bold: true);
        plot._svg.Text(20, 50, string.Create(CultureInfo.InvariantCulture, $"{perSecond} a second with each server at the same time, both on one core, {authorities}; from when a handshake was due until its request is answered."), colour: Svg.Soft);
        plot.Legend();
        Second[][] seconds = [.. results.Select(r => Second.Of(r.Handshakes))];
        for (var i = 0; i < results.Length; i++) plot.Draw(results[i], seconds[i], seconds[^(i + 1)], Top + (i * (Panel + Between)));
        await plot._svg.WriteAsync(Path.Combine(folder, "stalls.svg"));
    }

    private void Legend()
    {
        var x = 20.0;
        foreach (var (name, colour) in new[] { ("worst of a second", Svg.Blue), ($"worst, over {StallRun.Stall} ms", Svg.Orange), ($"worst, over {StallRun.Stall} ms with both servers", Svg.Soft) })
        {
            _svg.Dots([(x + 5, 71)], colour, 7);
            _svg.Text(x + 14, 75, name);
            x += 44 + (name.Length * 6.4);
        }

        _svg.Line(x, 71, x + 16, 71, Svg.Ink, 1.2);
        _svg.Text(x + 22, 75, "median of a second");
    }

    private void Draw(StallResult result, Second[] seconds, Second[] others, double top)
    {
        var latency = new Axis(_least, _most, top + Panel, top) { IsLogarithmic = true };
        Grid(latency, top);
        _svg.Text(Left, top - 6, result.Name, size: 13, bold: true);
        _svg.Text(Width - Right, top - 6, string.Create(CultureInfo.InvariantCulture, $"p50 {result.Percentile(0.5):0.0} ms · p99.9 {result.Percentile(0.999):0.0} ms · worst {result.Percentile(1):0.0} ms"), Svg.End);

        var with = seconds.Zip(others).ToArray();
        DrawDots(with.Where(s => !s.First.IsStalled), Svg.Blue, 3, 0.7);
        DrawDots(with.Where(s => s.First.IsStalled && s.Second.IsStalled), Svg.Soft, 6);
        DrawDots(with.Where(s => s.First.IsStalled && !s.Second.IsStalled), Svg.Orange, 7);
        _svg.Curve(seconds.Select(s => (_time.At(s.At + 0.5), latency.At(s.Median))), Svg.Ink);

        void DrawDots(IEnumerable<(Second First, Second Second)> some, string colour, double size, double opacity = 1) =>
            _svg.Dots(some.Select(s => (_time.At(s.First.At + 0.5), latency.At(s.First.Worst))), colour, size, opacity);
    }

    private void Grid(Axis latency, double top)
    {
        foreach (var mark in latency.Marks)
        {
            _svg.Line(Left, latency.At(mark), Width - Right, latency.At(mark), mark == StallRun.Stall ? Svg.Orange : Svg.Faint, dashes: mark == StallRun.Stall ? "5 4" : "none");
            _svg.Text(Left - 8, latency.At(mark) + 4, mark < 1000 ? string.Create(CultureInfo.InvariantCulture, $"{mark:0.##} ms") : string.Create(CultureInfo.InvariantCulture, $"{mark / 1000:0} s"), Svg.End, Svg.Soft);
        }

        foreach (var mark in new Axis(0, _time.Most / 60, 0, 1).Marks)
        {
            _svg.Line(_time.At(mark * 60), top, _time.At(mark * 60), top + Panel, Svg.Faint);
            _svg.Text(_time.At(mark * 60), top + Panel + 16, string.Create(CultureInfo.InvariantCulture, $"{mark:0.##} min"), Svg.Middle, Svg.Soft);
        }
    }

    private static double PowerOfTen(Func<double, double> round, double value) => Math.Pow(10, round(Math.Log10(value)));

    private readonly record struct Second(int At, double Median, double Worst)
    {
        public bool IsStalled => Worst > StallRun.Stall;

        public static Second[] Of(Timed[] handshakes) =>
            [.. handshakes.GroupBy(h => (int)h.Due.TotalSeconds, h => h.Latency).Select(g => new Second(g.Key, Markdown.Median(g), g.Max()))];
    }
}
