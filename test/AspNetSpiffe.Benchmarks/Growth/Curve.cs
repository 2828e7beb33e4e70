using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What something costs with ten, a hundred, a thousand and ten thousand of a kind.</summary>
/// <param name="Name">What.</param>
/// <param name="Unit">Of the values.</param>
/// <param name="Target">What is asked of it, if anything is.</param>
internal sealed record Curve(string Name, string Unit, string Target = "")
{
    private readonly SortedDictionary<int, List<double>> _samples = [];

    public IEnumerable<int> Counts => _samples.Keys;

    public void Add(int count, double value)
    {
        if (!_samples.TryGetValue(count, out var all)) _samples[count] = all = [];
        all.Add(value);
    }

    /// <summary>Gives the median of what was measured.</summary>
    public double At(int count) => Markdown.Median(_samples[count]);

    /// <summary>Gives the exponent by which the cost grows: the slope in a picture whose axes are logarithmic, by least squares. Where a cost is nothing, it is no number.</summary>
    public double Exponent => Slope([.. Counts]);

    /// <summary>Gives the same of the last two points alone, where what does not grow weighs least.</summary>
    public double LastExponent => Slope([.. Counts.TakeLast(2)]);

    public string Cell(int count) => _samples.ContainsKey(count) ? Text(At(count)) : "";

    private double Slope(int[] counts)
    {
        var points = counts.Select(count => (X: Math.Log10(count), Y: Math.Log10(At(count)))).ToArray();
        var (x, y) = (points.Average(p => p.X), points.Average(p => p.Y));
        return points.Sum(p => (p.X - x) * (p.Y - y)) / points.Sum(p => (p.X - x) * (p.X - x));
    }

    private static string Text(double value) => value.ToString(value switch { 0 or >= 100 => "#,0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" }, CultureInfo.InvariantCulture);
}
