using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Horizontal bars in groups: medians, with a whisker from the least to the most.</summary>
internal sealed class Bars(string title, string subtitle, string unit)
{
    private const double Width = 1000, Left = 330, Right = 150, Top = 66, Row = 24, Thickness = 14, Gap = 38;

    private readonly List<Group> _groups = [];

    public bool IsEmpty => _groups.Count == 0;

    public void Add(string name, IEnumerable<Bar> bars) => _groups.Add(new(name, [.. bars]));

    public Task WriteAsync(string file)
    {
        var bottom = Top + _groups.Sum(g => Gap + (g.Bars.Length * Row)) + 8;
        var axis = new Axis(Math.Min(0, Math.Floor(All.Min(b => b.Least))), All.Max(b => b.Most) * 1.02, Left, Width - Right);
        var svg = new Svg(Width, bottom + 46, title);
        svg.Text(20, 30, title, size: 18, bold: true);
        svg.Text(20, 50, subtitle, colour: Svg.Soft);
        DrawAxis(svg, axis, bottom);

        var y = Top;
        foreach (var group in _groups)
        {
            svg.Text(20, y + 26, group.Name, size: 13, bold: true);
            y += Gap;
            foreach (var bar in group.Bars)
            {
                Draw(svg, axis, bar, y);
                y += Row;
            }
        }

        return svg.WriteAsync(file);
    }

    private IEnumerable<Bar> All => _groups.SelectMany(g => g.Bars);

    private void DrawAxis(Svg svg, Axis axis, double bottom)
    {
        foreach (var mark in axis.Marks)
        {
            svg.Line(axis.At(mark), Top + 8, axis.At(mark), bottom, mark == 0 ? Svg.Soft : Svg.Faint);
            svg.Text(axis.At(mark), bottom + 16, mark.ToString("#,0.##", CultureInfo.InvariantCulture), Svg.Middle, Svg.Soft);
        }

        svg.Text((axis.From + axis.To) / 2, bottom + 36, unit, Svg.Middle);
    }

    private static void Draw(Svg svg, Axis axis, Bar bar, double y)
    {
        var (middle, zero, median) = (y + (Row / 2), axis.At(0), axis.At(bar.Median));
        svg.Text(Left - 12, middle + 4, bar.Name, Svg.End);
        svg.Box(Math.Min(zero, median), middle - (Thickness / 2), Math.Abs(median - zero), Thickness, bar.Colour);

        var (least, most) = (axis.At(bar.Least), axis.At(bar.Most));
        svg.Line(least, middle, most, middle, Svg.Ink, 1.2);
        foreach (var end in new[] { least, most }) svg.Line(end, middle - 4, end, middle + 4, Svg.Ink, 1.2);
        svg.Text(Math.Max(most, zero) + 8, middle + 4, bar.Label);
    }

    private sealed record Group(string Name, Bar[] Bars);
}

/// <param name="Label">What stands beside it.</param>
internal sealed record Bar(string Name, double Least, double Median, double Most, string Label, string Colour);
