using System.Net.Security;

namespace AspNetSpiffe.Soak;

/// <summary>Two connections of one peer that stay as long as they may: one is idle, one has a request under way that never finishes.</summary>
internal sealed class Holdout : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _patience = new();
    private readonly RawConnection _idle;
    private readonly RawConnection _busy;
    private readonly Task _idleEnd;
    private readonly Task _busyEnd;

    private Holdout(RawConnection idle, RawConnection busy)
    {
        (_idle, _busy) = (idle, busy);
        (_idleEnd, _busyEnd) = (_idle.WaitForEndAsync(_patience.Token), _busy.WaitForEndAsync(_patience.Token));
    }

    public static async Task<Holdout> OpenAsync(Uri server, SslStreamCertificateContext shown)
    {
        using var patience = new CancellationTokenSource(Patience);
        return new(await RawConnection.OpenAsync(server, shown, "/", patience.Token), await RawConnection.OpenAsync(server, shown, "/endless", patience.Token));
    }

    /// <summary>Does what takes the peer its right, and sees how its connections end; the idle one is closed at once, or after the application has <paramref name="blocked"/> it.</summary>
    public async Task ExpectEndAsync(Ledger ledger, string who, TimeSpan blocked, Action revoke)
    {
        if (_idleEnd.IsCompleted || _busyEnd.IsCompleted) ledger.Break(Promise.Kept, who);

        var began = ledger.Now;
        revoke();
        _patience.CancelAfter(Patience);
        var (idle, busy) = (SinceAsync(_idleEnd), SinceAsync(_busyEnd));
        Expect(await idle, TimeSpan.Zero, blocked + Right.Grace, "idle");
        Expect(await busy, Server.DrainTimeout, Server.DrainTimeout + Right.Grace, "with a request under way");

        async Task<TimeSpan> SinceAsync(Task end)
        {
            await end.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ledger.Now - began;
        }

        void Expect(TimeSpan time, TimeSpan least, TimeSpan most, string which)
        {
            ledger.NoteEnd(which, time);
            if (time < least) ledger.Break(Promise.Drained, $"{who}, {which}, was cut off after {time.TotalSeconds:0.00} s");
            if (time > most) ledger.Break(Promise.Closed, $"{who}, {which}, was closed after {time.TotalSeconds:0.00} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _patience.CancelAsync();
        await Task.WhenAll(_idleEnd, _busyEnd).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _idle.DisposeAsync();
        await _busy.DisposeAsync();
        _patience.Dispose();
    }
}
