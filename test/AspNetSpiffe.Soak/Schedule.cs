namespace AspNetSpiffe.Soak;

/// <summary>One fault after the other, in rounds: the first in this order, the later ones in an order that the seed says.</summary>
internal sealed class Schedule(Ledger ledger, Random random, params (string Kind, Func<Task> RunAsync)[] faults)
{
    /// <summary>Begins faults until the time is over; the last one runs to its end.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        await PauseAsync();
        for (var round = 0; ; round++)
        {
            if (round > 0) random.Shuffle(faults);
            foreach (var (kind, runAsync) in faults)
            {
                if (ledger.Now >= time) return;
                await RunAsync(kind, runAsync);
                await PauseAsync();
            }
        }
    }

    private async Task RunAsync(string kind, Func<Task> runAsync)
    {
        var fault = ledger.Begin(kind);
        try
        {
            await runAsync();
        }
        catch (Exception e)
        {
            ledger.Break("every fault runs as planned", e.ToString());
        }

        ledger.End(fault);
    }

    private Task PauseAsync() => Task.Delay(TimeSpan.FromSeconds(0.5 + random.NextDouble()));
}
