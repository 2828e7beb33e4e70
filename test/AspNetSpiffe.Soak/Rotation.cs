namespace AspNetSpiffe.Soak;

/// <summary>Renews every SVID all the time; each renewal must reach the server, however long the agent was dead or frozen meanwhile.</summary>
internal sealed class Rotation(Mesh mesh, Ledger ledger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1.5);

    // The longest fault of the agent, and then as long as its news may take.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Gets how many have arrived.</summary>
    public int Arrived { get; private set; }

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var before = Serial();
            mesh.RotateAll();
            if (await ArrivesAsync(before)) Arrived++;
            else ledger.Break(Promise.Rotated, $"the one after {before} has not arrived within {Patience.TotalSeconds} s");
            await Task.Delay(Every, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> ArrivesAsync(string? before)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!patience.IsCancellationRequested)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var subscription = mesh.ServerSource.GetChangeToken().RegisterChangeCallback(static changed => ((TaskCompletionSource)changed!).TrySetResult(), changed);
            if (Serial() != before) return true;
            await changed.Task.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    private string? Serial() => mesh.ServerSource.Current?.DefaultSvid.Leaf.SerialNumber;
}
