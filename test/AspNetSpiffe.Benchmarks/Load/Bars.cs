using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Horizontal bars in groups: medians, with a whisker from the least to the most.</summary>
internal sealed class Bars(string title, string subtitle, string unit)
{
    private const double Width = 1000, Left = 345, Right = 150, Top = 60, Row = 24, Thickness = 14, Gap = 40;

    private readonly List<Group> _groups = [];

    public bool IsEmpty => _groups.Count == 0;

    public void Add(string name, IEnumerable<Bar> bars) => _groups.Add(new(name, [.. bars]));

    public Task WriteAsync(string file)
    {
        var bottom = Top + _groups.Sum(g => Gap + (g.Bars.Length * Row));
        var all = _groups.SelectMany(g => g.Bars).ToArray();
        var axis = new Axis(Math.Min(0, Math.Floor(all.Min(b => b.Least))), all.Max(b => b.Most) * 1.02, Left, Width - Right);
        var svg = new Svg(Width, bottom + 50, title);
        svg.Text(20, 30, title, size: 18, bold: true);
        svg.Text(20, 50, subtitle, colour: Svg.Soft);

        var y = Top;
        foreach (var group in _groups)
        {
            Draw(svg, axis, group, y);
            y += Gap + (group.Bars.Length * Row);
        }

        foreach (var mark in axis.Marks) svg.Text(axis.At(mark), bottom + 18, mark.ToString("#,0.##", CultureInfo.InvariantCulture), Svg.Middle, Svg.Soft);
        svg.Text((axis.From + axis.To) / 2, bottom + 38, unit, Svg.Middle);
        return svg.WriteAsync(file);
    }

    private static void Draw(Svg svg, Axis axis, Group group, double top)
    {
        var y = top + Gap;
        svg.Text(20, y - 12, group.Name, size: 13, bold: true);
        foreach (var mark in axis.Marks) svg.Line(axis.At(mark), y - 4, axis.At(mark), y + (group.Bars.Length * Row), mark == 0 ? Svg.Soft : Svg.Faint);
        foreach (var bar in group.Bars)
        {
            Draw(svg, axis, bar, y);
            y += Row;
        }
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
