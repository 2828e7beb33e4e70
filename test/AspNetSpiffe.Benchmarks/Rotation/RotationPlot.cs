using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The memory of a server over its rotations as a picture, with the band in which it is to stay after the first of them.</summary>
internal static class RotationPlot
{
    private const double Width = 1000, Left = 80, Right = 24, Top = 72, Height = 260, Band = 0.05;

    /// <summary>Writes rotation.svg.</summary>
    /// <param name="settled">The memory after the first rotations, in megabytes.</param>
    public static Task WriteAsync(List<MemorySample> samples, double settled, string folder)
    {
        const string title = "Resident memory of a server over its rotations";
        var rotations = new Axis(0, samples[^1].Rotations, Left, Width - Right);
        var memory = new Axis(0, Axis.Above(samples.Max(Megabytes)), Top + Height, Top);
        var svg = new Svg(Width, Top + Height + 44, title);
        svg.Text(20, 30, title, size: 18, bold: true);
        svg.Text(20, 50, $"Under load, read each second. The band: within 5 % of what it was after {RotationRun.Settled} rotations.", colour: Svg.Soft);

        var (from, high, low) = (rotations.At(RotationRun.Settled), memory.At(settled * (1 + Band)), memory.At(settled * (1 - Band)));
        svg.Box(from, high, Width - Right - from, low - high, Svg.Blue, opacity: 0.15);
        foreach (var mark in memory.Marks)
        {
            svg.Line(Left, memory.At(mark), Width - Right, memory.At(mark), mark == 0 ? Svg.Soft : Svg.Faint);
            svg.Text(Left - 8, memory.At(mark) + 4, $"{Text(mark)} MB", Svg.End, Svg.Soft);
        }

        foreach (var mark in rotations.Marks) svg.Text(rotations.At(mark), Top + Height + 16, Text(mark), Svg.Middle, Svg.Soft);
        svg.Text((Left + Width - Right) / 2, Top + Height + 36, "rotations", Svg.Middle);
        svg.Curve(samples.Select(s => (rotations.At(s.Rotations), memory.At(Megabytes(s)))), Svg.Blue, 1.6);
        Directory.CreateDirectory(folder);
        return svg.WriteAsync(Path.Combine(folder, "rotation.svg"));
    }

    private static double Megabytes(MemorySample sample) => sample.Resident / 1e6;

    private static string Text(double mark) => mark.ToString("#,0.##", CultureInfo.InvariantCulture);
}
