using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>All curves in one picture, each as a multiple of what it is at its first point: what is steeper than the dashed line grows faster than the number.</summary>
internal static class GrowthPlot
{
    private const double Width = 1000, Left = 70, Right = 420, Top = 72, Height = 460, LineHeight = 15;

    private static readonly string[] Colours = [Svg.Blue, Svg.Orange, "#009e73", "#cc79a7", "#56b4e9", "#e69f00", Svg.Ink, Svg.Soft];

    /// <summary>Writes growth.svg.</summary>
    public static Task WriteAsync(IEnumerable<Curve> curves, int[] counts, string folder)
    {
        const string title = "What more of a kind costs";
        var drawn = curves.Where(curve => curve.Counts.SequenceEqual(counts)).ToArray();
        var most = Math.Max(counts[^1] / counts[0], drawn.Max(curve => counts.Max(count => Times(curve, count))));
        var x = new Axis(counts[0], counts[^1], Left, Width - Right) { IsLogarithmic = true };
        var y = new Axis(0.1, Math.Pow(10, Math.Ceiling(Math.Log10(most))), Top + Height, Top) { IsLogarithmic = true };
        var svg = new Svg(Width, Top + Height + 48, title);
        svg.Text(20, 30, title, size: 18, bold: true);
        svg.Text(20, 50, $"Times what it costs with {counts[0]}. Dashed: in proportion to the number.", colour: Svg.Soft);
        foreach (var mark in y.Marks)
        {
            svg.Line(Left, y.At(mark), Width - Right, y.At(mark), mark == 1 ? Svg.Soft : Svg.Faint);
            svg.Text(Left - 8, y.At(mark) + 4, $"{Text(mark)} ×", Svg.End, Svg.Soft);
        }

        foreach (var mark in x.Marks) svg.Text(x.At(mark), Top + Height + 18, Text(mark), Svg.Middle, Svg.Soft);
        svg.Line(x.At(counts[0]), y.At(1), x.At(counts[^1]), y.At(counts[^1] / counts[0]), Svg.Grey, 1.5, "6 4");

        // The names stand in the order in which the curves end, and apart.
        var next = Top;
        foreach (var (curve, i) in drawn.OrderByDescending(curve => Times(curve, counts[^1])).Select((curve, i) => (curve, i)))
        {
            var colour = Colours[i % Colours.Length];
            svg.Curve(counts.Select(count => (x.At(count), y.At(Times(curve, count)))), colour, 1.6);
            next = Math.Max(next, y.At(Times(curve, counts[^1])));
            svg.Text(Width - Right + 8, next + 4, string.Create(CultureInfo.InvariantCulture, $"{curve.Exponent:0.00}  {curve.Name}"), colour: colour);
            next += LineHeight;
        }

        Directory.CreateDirectory(folder);
        return svg.WriteAsync(Path.Combine(folder, "growth.svg"));

        double Times(Curve curve, int count) => Math.Max(curve.At(count) / Math.Max(curve.At(counts[0]), 1e-6), 0.1);
    }

    private static string Text(double mark) => mark.ToString("#,0.##", CultureInfo.InvariantCulture);
}
