namespace AspNetSpiffe.Soak;

/// <summary>Memory over time: what the process has of the machine, and what the managed heap holds after a collection.</summary>
internal sealed class Memory(Ledger ledger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    public Series WorkingSet { get; } = new("working set");

    public Series Heap { get; } = new("managed heap");

    public async Task RunAsync(CancellationToken stopping)
    {
        for (var i = 0; !stopping.IsCancellationRequested; i++)
        {
            WorkingSet.Add(ledger.Now, Environment.WorkingSet);

            // Not each time: it would hide what waits too long for its finalizer.
            if (i % 3 == 0) Heap.Add(ledger.Now, Collect());
            await Task.Delay(Every, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Heap.Add(ledger.Now, Collect());
    }

    /// <summary>Breaks the promise of flat memory, if it is broken.</summary>
    public void Judge()
    {
        WorkingSet.Judge(ledger);
        Heap.Judge(ledger);
    }

    private static long Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
