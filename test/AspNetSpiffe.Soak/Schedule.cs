namespace AspNetSpiffe.Soak;

/// <summary>One kind of fault.</summary>
internal sealed record FaultKind(string Name, Func<Task> RunAsync);

/// <summary>One fault after the other, in rounds: the first in this order, the later ones in an order that the seed says.</summary>
internal sealed class Schedule(Ledger ledger, Random random, params FaultKind[] faults)
{
    /// <summary>Begins faults until the time is over; the last one runs to its end.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        await PauseAsync();
        while (true)
        {
            foreach (var kind in faults)
            {
                if (ledger.Now >= time) return;
                await RunAsync(kind);
                await PauseAsync();
            }

            random.Shuffle(faults);
        }
    }

    private async Task RunAsync(FaultKind kind)
    {
        var fault = ledger.Begin(kind.Name);
        try
        {
            await kind.RunAsync();
        }
        catch (Exception e)
        {
            ledger.Break(Promise.Planned, e.ToString());
        }

        ledger.End(fault);
    }

    private Task PauseAsync() => Task.Delay(TimeSpan.FromSeconds(0.5 + random.NextDouble()));
}
