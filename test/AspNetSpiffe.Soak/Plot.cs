using System.Globalization;
using System.Text;

namespace AspNetSpiffe.Soak;

/// <summary>The run as a picture: requests per second, resident memory, and the faults as vertical marks.</summary>
internal sealed class Plot(Ledger ledger, Memory memory)
{
    private const double Left = 60, Top = 40, Width = 1080, Height = 320;
    private static readonly string[] Colours = ["#d62728", "#ff7f0e", "#8c564b", "#9467bd", "#2ca02c", "#e377c2", "#bcbd22"];

    private readonly double _seconds = ledger.Now.TotalSeconds;
    private readonly StringBuilder _svg = new();

    public async Task WriteAsync(string file)
    {
        _svg.AppendLine("""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 440" font-family="sans-serif" font-size="12">""");
        _svg.AppendLine("""<rect width="1200" height="440" fill="white"/>""");
        Faults();

        var rates = Enumerable.Range(0, (int)_seconds).Select(s => (At: s + 0.5, Value: (double)ledger.RequestsIn(s))).ToArray();
        var sizes = memory.WorkingSet.Samples.Select(static s => (At: s.At.TotalSeconds, Value: s.Bytes / 1e6)).ToArray();
        Line(rates, Round(rates.Max(static r => r.Value)), "#1f77b4");
        Line(sizes, Round(sizes.Max(static s => s.Value)), "black");
        Axes(Round(rates.Max(static r => r.Value)), Round(sizes.Max(static s => s.Value)));

        _svg.AppendLine("</svg>");
        await File.WriteAllTextAsync(file, _svg.ToString());
    }

    private void Faults()
    {
        var x = Left;
        foreach (var ((kind, faults), colour) in ledger.Faults.GroupBy(static f => f.Kind).Select(static g => (g.Key, g)).Zip(Colours))
        {
            foreach (var fault in faults)
            {
                var (from, to) = (X(fault.Began.TotalSeconds), X((fault.Ended ?? ledger.Now).TotalSeconds));
                _svg.AppendLine(Invariant($"""<rect x="{from:0.0}" y="{Top}" width="{Math.Max(1, to - from):0.0}" height="{Height}" fill="{colour}" fill-opacity="0.12"/>"""));
                _svg.AppendLine(Invariant($"""<line x1="{from:0.0}" y1="{Top}" x2="{from:0.0}" y2="{Top + Height}" stroke="{colour}" stroke-width="0.7"/>"""));
            }

            _svg.AppendLine(Invariant($"""<rect x="{x:0}" y="405" width="10" height="10" fill="{colour}"/><text x="{x + 14:0}" y="414">{kind}</text>"""));
            x += 34 + (kind.Length * 6.2);
        }
    }

    private void Line((double At, double Value)[] points, double most, string colour) => _svg.AppendLine(Invariant(
        $"""<polyline fill="none" stroke="{colour}" stroke-width="1.2" points="{string.Join(' ', points.Select(p => Invariant($"{X(p.At):0.0},{Top + Height - (p.Value / most * Height):0.0}")))}"/>"""));

    private void Axes(double mostRequests, double mostMemory)
    {
        _svg.AppendLine(Invariant($"""<rect x="{Left}" y="{Top}" width="{Width}" height="{Height}" fill="none" stroke="#888"/>"""));
        for (var i = 0; i <= 4; i++)
        {
            var y = Top + Height - (i * Height / 4) + 4;
            _svg.AppendLine(Invariant($"""<text x="{Left - 6}" y="{y}" text-anchor="end" fill="#1f77b4">{mostRequests * i / 4:0.#}</text>"""));
            _svg.AppendLine(Invariant($"""<text x="{Left + Width + 6}" y="{y}">{mostMemory * i / 4:0.#}</text>"""));
        }

        for (var minute = 0; minute * 60 <= _seconds; minute++)
            _svg.AppendLine(Invariant($"""<text x="{X(minute * 60):0.0}" y="{Top + Height + 16}" text-anchor="middle">{minute} min</text>"""));

        _svg.AppendLine(Invariant($"""<text x="{Left}" y="26" fill="#1f77b4">requests per second</text>"""));
        _svg.AppendLine(Invariant($"""<text x="{Left + Width}" y="26" text-anchor="end">resident memory, MB</text>"""));
    }

    private double X(double seconds) => Left + (seconds / _seconds * Width);

    // The top of an axis: the next multiple of a quarter of a power of ten.
    private static double Round(double most)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(most, 1)))) / 4;
        return (Math.Floor(most / step) + 1) * step;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
