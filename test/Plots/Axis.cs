namespace AspNetSpiffe.Plots;

/// <summary>Where values stand in a picture: the least of them at one place, the most at another.</summary>
internal sealed record Axis(double Least, double Most, double From, double To)
{
    /// <summary>Gets whether each power of ten has the same room.</summary>
    public bool IsLogarithmic { get; init; }

    /// <summary>Gets the values to write beside it: powers of ten, or some six round steps.</summary>
    public IEnumerable<double> Marks => IsLogarithmic ? Powers() : Steps();

    public double At(double value) => From + ((To - From) * (IsLogarithmic ? Math.Log(value / Least) / Math.Log(Most / Least) : (value - Least) / (Most - Least)));

    /// <summary>Gives a round value above all: the next multiple of a quarter of a power of ten.</summary>
    public static double Above(double most)
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(most, 1)))) / 4;
        return (Math.Floor(most / step) + 1) * step;
    }

    private IEnumerable<double> Steps()
    {
        var step = Step((Most - Least) / 6);
        for (var i = Math.Ceiling(Least / step); i * step <= Most; i++) yield return i * step;
    }

    // 1, 2 or 5 times a power of ten.
    private static double Step(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return new[] { 1, 2, 5, 10 }.First(times => times * power >= least) * power;
    }

    private IEnumerable<double> Powers()
    {
        for (var i = Math.Ceiling(Math.Log10(Least)); Math.Pow(10, i) <= Most; i++) yield return Math.Pow(10, i);
    }
}
