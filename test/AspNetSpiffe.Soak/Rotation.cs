using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Soak;

/// <summary>Renews every SVID all the time, and counts the renewals that reach the server.</summary>
internal sealed class Rotation(Mesh mesh)
{
    // More often than one in two seconds must arrive: while the agent is dead or frozen, none does.
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1.5);

    private int _arrived;

    public int Arrived => Volatile.Read(ref _arrived);

    public async Task RunAsync(CancellationToken stopping)
    {
        var last = Serial();
        using var subscription = ChangeToken.OnChange(mesh.ServerSource.GetChangeToken, () =>
        {
            if (Serial() == last) return;
            last = Serial();
            Interlocked.Increment(ref _arrived);
        });

        while (!stopping.IsCancellationRequested)
        {
            mesh.RotateAll();
            await Task.Delay(Every, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Breaks the promise of one rotation in two seconds, if it is broken.</summary>
    public void Judge(Ledger ledger)
    {
        if (Arrived < ledger.Now.TotalSeconds / 2) ledger.Break(Promise.Rotated, $"{Arrived} in {ledger.Now.TotalSeconds:0} s");
    }

    private string? Serial() => mesh.ServerSource.Current?.DefaultSvid.Leaf.SerialNumber;
}
