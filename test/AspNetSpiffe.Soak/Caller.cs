namespace AspNetSpiffe.Soak;

/// <summary>One client under steady load: asks at each tick, and judges each outcome by its right.</summary>
/// <param name="name">Who it is in messages.</param>
/// <param name="right">Whether it may call.</param>
/// <param name="every">The time from one request to the next.</param>
/// <param name="ask">Sends one request; gives what the server answered, throws when it was refused.</param>
/// <param name="answer">What the server must answer.</param>
/// <param name="patient">Whether it leaves out a tick while an answer has not come: on one connection, requests would queue up where the machine is slow.</param>
internal sealed class Caller(string name, Right right, TimeSpan every, Func<CancellationToken, Task<string>> ask, string answer, bool patient = false)
{
    // Longer than any stream lasts; an answer that takes so long is a hang, whatever it says.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public async Task RunAsync(Ledger ledger, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(every);
        List<Task> underWay = [];
        while (await TickAsync(timer, stopping))
        {
            underWay.RemoveAll(static t => t.IsCompletedSuccessfully);
            if (!patient || underWay.Count == 0) underWay.Add(AskAsync(ledger));
        }

        await Task.WhenAll(underWay);
    }

    private async Task AskAsync(Ledger ledger)
    {
        var before = right.Now;
        using var patience = new CancellationTokenSource(Patience);
        string? outcome = null;
        Exception? refusal = null;
        try
        {
            outcome = await ask(patience.Token);
        }
        catch (Exception e)
        {
            refusal = e;
        }

        if (patience.IsCancellationRequested) ledger.Break(Promise.Ends, $"{name} waited {Patience.TotalSeconds} s");
        else Judge(ledger, before, outcome, refusal);
    }

    private void Judge(Ledger ledger, Right.State before, string? outcome, Exception? refusal)
    {
        if (before.IsAllowed is not { } allowed || right.Now != before) ledger.CountNotJudged();
        else if (allowed && refusal is not null) ledger.Break(Promise.Answered, $"{name} failed: {Describe(refusal)}");
        else if (!allowed && refusal is null) ledger.Break(Promise.Refused, $"{name} was answered");
        else if (allowed && outcome != answer) ledger.Break(Promise.Known, $"{name} was answered '{outcome}' instead of '{answer}'");
        else if (allowed) ledger.CountAnswered();
        else ledger.CountRefused();
    }

    private static string Describe(Exception e) => e.InnerException is { } inner ? $"{e.GetType().Name}: {e.Message} <- {Describe(inner)}" : $"{e.GetType().Name}: {e.Message}";

    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
