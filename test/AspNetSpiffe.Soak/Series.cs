using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>One measure of memory over time. Flat means: after the first two minutes, every three minutes are within 5 % of the first three.</summary>
internal sealed class Series(string name)
{
    private const double Tolerance = 0.05;

    // Code is compiled, pools are filled, and the C library finds its size.
    private static readonly TimeSpan WarmUp = TimeSpan.FromMinutes(2);

    // Three rounds of faults: one sample may fall on a busy moment, the median of so many does not.
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(3);

    private readonly List<(TimeSpan At, long Bytes)> _samples = new(1000);

    public string Name => name;

    public IReadOnlyList<(TimeSpan At, long Bytes)> Samples => _samples;

    public void Add(TimeSpan at, long bytes) => _samples.Add((at, bytes));

    public void Judge(Ledger ledger)
    {
        var medians = Medians();
        for (var i = 1; i < medians.Length; i++)
            if (Math.Abs(medians[i] - medians[0]) > Tolerance * medians[0])
                ledger.Break(Promise.Flat, $"{name}: {Megabytes(medians[i])} MB {i * Window.TotalMinutes} minutes after it was {Megabytes(medians[0])} MB");
    }

    public string Describe() => Medians() switch
    {
        [] => $"{Megabytes(_samples[^1].Bytes)} at the end",
        var medians => string.Join(", ", medians.Select(Megabytes)),
    };

    private long[] Medians() =>
    [
        .. _samples.Where(static s => s.At >= WarmUp)
            .GroupBy(static s => (int)((s.At - WarmUp) / Window), static s => s.Bytes)
            .Where(window => window.Key < (int)((_samples[^1].At - WarmUp) / Window))
            .Select(static window => window.Order().ElementAt(window.Count() / 2)),
    ];

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.00", CultureInfo.InvariantCulture);
}
