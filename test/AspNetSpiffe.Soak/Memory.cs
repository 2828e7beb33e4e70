using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>Memory over time: what the managed heap holds after a collection, and what the process has of the machine.</summary>
internal sealed class Memory(Ledger ledger)
{
    private const double Tolerance = 0.05;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // Code is compiled, pools are filled, and the C library finds its size.
    private static readonly TimeSpan WarmUp = TimeSpan.FromMinutes(2);

    private readonly List<Sample> _samples = [];

    public IReadOnlyList<Sample> Samples => _samples;

    /// <summary>What was measured after the first two minutes, by minute, in words.</summary>
    public IEnumerable<(string What, string Range)> Ranges => [("managed heap, MB", Describe(static s => s.Heap)), ("working set, MB", Describe(static s => s.WorkingSet))];

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            _samples.Add(new(ledger.Now, GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet));
            await Task.Delay(Every, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Breaks the promise of flat memory, if it is broken.</summary>
    public void Judge()
    {
        Judge("managed heap", static s => s.Heap);
        Judge("working set", static s => s.WorkingSet);
    }

    private void Judge(string what, Func<Sample, long> measure)
    {
        var minutes = Minutes(measure);
        foreach (var (minute, size) in minutes)
            if (Math.Abs(size - minutes[0].Size) > Tolerance * minutes[0].Size)
                ledger.Break("memory is flat", $"{what}: {Megabytes(size)} MB in minute {minute}, {Megabytes(minutes[0].Size)} MB in minute {minutes[0].Minute}");
    }

    // One sample may fall on a busy moment; the median of a minute does not.
    private (int Minute, long Size)[] Minutes(Func<Sample, long> measure) =>
    [
        .. _samples.Where(static s => s.At >= WarmUp)
            .GroupBy(static s => (int)s.At.TotalMinutes, measure)
            .Where(static g => g.Count() >= WholeMinute)
            .Select(static g => (g.Key, g.Order().ElementAt(g.Count() / 2))),
    ];

    private static int WholeMinute => (int)(TimeSpan.FromMinutes(1) / Every) - 2;

    private string Describe(Func<Sample, long> measure) => Minutes(measure) switch
    {
        [] => $"{Megabytes(measure(_samples[^1]))} at the end",
        var minutes => $"{Megabytes(minutes[0].Size)} -> {Megabytes(minutes[^1].Size)} ({Megabytes(minutes.Min(static m => m.Size))} .. {Megabytes(minutes.Max(static m => m.Size))})",
    };

    private static string Megabytes(long bytes) => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture);

    internal sealed record Sample(TimeSpan At, long Heap, long WorkingSet);
}
