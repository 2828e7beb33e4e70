using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>One measure of memory over time. Flat means: after the first two minutes, every minute is within 5 % of the first.</summary>
internal sealed class Series(string name)
{
    private const double Tolerance = 0.05;

    // Code is compiled, pools are filled, and the C library finds its size.
    private const int WarmUpMinutes = 2;

    private readonly List<(TimeSpan At, long Bytes)> _samples = new(1000);

    public string Name => name;

    public IReadOnlyList<(TimeSpan At, long Bytes)> Samples => _samples;

    public void Add(TimeSpan at, long bytes) => _samples.Add((at, bytes));

    public void Judge(Ledger ledger)
    {
        var minutes = Minutes();
        foreach (var (minute, bytes) in minutes)
            if (Math.Abs(bytes - minutes[0].Bytes) > Tolerance * minutes[0].Bytes)
                ledger.Break(Promise.Flat, $"{name}: {Megabytes(bytes)} MB in minute {minute}, {Megabytes(minutes[0].Bytes)} MB in minute {minutes[0].Minute}");
    }

    public string Describe() => Minutes() switch
    {
        [] => $"{Megabytes(_samples[^1].Bytes)} at the end",
        var minutes => $"{Megabytes(minutes[0].Bytes)} -> {Megabytes(minutes[^1].Bytes)}, from {Megabytes(minutes.Min(static m => m.Bytes))} to {Megabytes(minutes.Max(static m => m.Bytes))}",
    };

    // One sample may fall on a busy moment; the median of a minute does not.
    private (int Minute, long Bytes)[] Minutes() =>
    [
        .. _samples.GroupBy(static s => (int)s.At.TotalMinutes, static s => s.Bytes)
            .Where(minute => minute.Key >= WarmUpMinutes && minute.Key < (int)_samples[^1].At.TotalMinutes)
            .Select(static minute => (minute.Key, minute.Order().ElementAt(minute.Count() / 2))),
    ];

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.00", CultureInfo.InvariantCulture);
}
