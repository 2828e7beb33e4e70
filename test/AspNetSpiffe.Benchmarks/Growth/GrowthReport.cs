using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A table for each part, with the exponents of its curves.</summary>
internal sealed class GrowthReport(int[] counts)
{
    private readonly List<GrowthPart> _parts = [];

    public bool HasFailed => _parts.Any(part => part.Failed);

    public void Add(GrowthPart part) => _parts.Add(part);

    public async Task WriteAsync(DateTimeOffset begin, string? file, string? plots)
    {
        var text = new Markdown();
        text.AddRun(begin, $"growth from {counts[0]} to {counts[^1]:N0}");
        foreach (var part in _parts)
        {
            text.AddTable(
                [part.Title, .. counts.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {part.Of}")), "exponent", "last decade", "target"],
                part.Curves.Select(Row));
        }

        await text.WriteAsync(file);
        if (plots is not null) await GrowthPlot.WriteAsync(_parts.SelectMany(part => part.Curves).Where(curve => curve.Unit is not "seconds" and not "connections"), counts, plots);
    }

    private IEnumerable<string> Row(Curve curve) =>
        [$"{curve.Name}, {curve.Unit}", .. counts.Select(curve.Cell), Exponent(curve.Exponent), Exponent(curve.LastExponent), curve.Target];

    private static string Exponent(double exponent) => double.IsFinite(exponent) ? exponent.ToString("0.00", CultureInfo.InvariantCulture) : "";
}
