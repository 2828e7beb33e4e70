using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Soak;

/// <summary>The run as a picture: requests per second, resident memory, and the faults as vertical marks.</summary>
internal sealed class Plot(Ledger ledger, Memory memory)
{
    private const double Left = 60, Top = 40, Width = 1080, Height = 320;
    private const string Requests = "#1f77b4", Resident = "black", Frame = "#888";
    private static readonly string[] Colours = ["#d62728", "#ff7f0e", "#8c564b", "#9467bd", "#2ca02c", "#e377c2", "#bcbd22"];

    private readonly Axis _time = new(0, ledger.Now.TotalSeconds, Left, Left + Width);
    private readonly Svg _svg = new(1200, 440, "Requests, faults and memory over time");

    public async Task WriteAsync(string file)
    {
        Faults();

        var rates = Enumerable.Range(0, (int)_time.Most).Select(s => (At: s + 0.5, Value: (double)ledger.RequestsIn(s))).ToArray();
        var sizes = memory.WorkingSet.Samples.Select(static s => (At: s.At.TotalSeconds, Value: s.Bytes / 1e6)).ToArray();
        var (requests, megabytes) = (AxisOf(rates), AxisOf(sizes));
        _svg.Curve(rates.Select(p => (_time.At(p.At), requests.At(p.Value))), Requests);
        _svg.Curve(sizes.Select(p => (_time.At(p.At), megabytes.At(p.Value))), Resident);
        Axes(requests, megabytes);

        await _svg.WriteAsync(file);
    }

    private void Faults()
    {
        var x = Left;
        foreach (var ((kind, faults), colour) in ledger.Faults.GroupBy(static f => f.Kind).Select(static g => (g.Key, g)).Zip(Colours))
        {
            foreach (var fault in faults)
            {
                var (from, to) = (_time.At(fault.Began.TotalSeconds), _time.At((fault.Ended ?? ledger.Now).TotalSeconds));
                _svg.Box(from, Top, Math.Max(1, to - from), Height, colour, opacity: 0.12);
                _svg.Line(from, Top, from, Top + Height, colour, 0.7);
            }

            _svg.Box(x, 405, 10, 10, colour);
            _svg.Text(x + 14, 414, kind);
            x += 34 + (kind.Length * 6.2);
        }
    }

    private void Axes(Axis requests, Axis megabytes)
    {
        foreach (var y in new[] { Top, Top + Height }) _svg.Line(Left, y, Left + Width, y, Frame);
        foreach (var x in new[] { Left, Left + Width }) _svg.Line(x, Top, x, Top + Height, Frame);
        for (var i = 0; i <= 4; i++)
        {
            var y = Top + Height - (i * Height / 4) + 4;
            _svg.Text(Left - 6, y, Quarter(requests, i), Svg.End, Requests);
            _svg.Text(Left + Width + 6, y, Quarter(megabytes, i), colour: Resident);
        }

        for (var minute = 0; minute * 60 <= _time.Most; minute++) _svg.Text(_time.At(minute * 60), Top + Height + 16, $"{minute} min", Svg.Middle);

        _svg.Text(Left, 26, "requests per second", colour: Requests);
        _svg.Text(Left + Width, 26, "resident memory, MB", Svg.End, Resident);
    }

    private static string Quarter(Axis axis, int quarters) => (axis.Most * quarters / 4).ToString("0.#", CultureInfo.InvariantCulture);

    private static Axis AxisOf((double At, double Value)[] points) => new(0, Axis.Above(points.Max(static p => p.Value)), Top + Height, Top);
}
