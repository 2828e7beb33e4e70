namespace AspNetSpiffe.Soak;

/// <summary>One kind of fault.</summary>
internal sealed record FaultKind(string Name, Func<Task> RunAsync);

/// <summary>One fault after the other, in rounds: the first in this order, the later ones in an order that the seed says. After every third comes the rare one.</summary>
internal sealed class Schedule(Ledger ledger, Random random, FaultKind rare, params FaultKind[] faults)
{
    /// <summary>Begins faults until the time is over; the last one runs to its end.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        await PauseAsync();
        for (var round = 1; ; round++)
        {
            foreach (var kind in round % 3 == 0 ? [.. faults, rare] : faults)
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
