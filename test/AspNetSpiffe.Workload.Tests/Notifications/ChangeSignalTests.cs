using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Workload.Tests.Notifications;

public sealed class ChangeSignalTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));

    public void Dispose() => _patience.Dispose();

    [Fact, Trait("Trial", "H-01")]
    public async Task Who_registers_too_late_is_told_even_if_it_disposes_its_registration()
    {
        var signal = new ChangeSignal(static _ => { });
        signal.Fire();
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        signal.RegisterChangeCallback(_ => told.TrySetResult(), null).Dispose();
        await told.Task.WaitAsync(_patience.Token);
    }

    [Fact, Trait("Trial", "H-01")]
    public async Task A_subscriber_by_OnChange_never_loses_the_last_change()
    {
        var (value, seen) = (0, 0);
        var signal = new ChangeSignal(static _ => { });
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        const int Changes = 20_000;
        using var subscription = ChangeToken.OnChange(() => Volatile.Read(ref signal), () =>
        {
            seen = Volatile.Read(ref value);
            if (seen == Changes) last.TrySetResult();
        });
        for (var i = 1; i <= Changes; i++)
        {
            Volatile.Write(ref value, i);
            Interlocked.Exchange(ref signal, new(static _ => { })).Fire();
        }

        await last.Task.WaitAsync(_patience.Token);
        Assert.Equal(Changes, seen);
    }

    [Fact, Trait("Trial", "H-01")]
    public async Task A_subscriber_that_throws_or_blocks_delays_no_other()
    {
        var failure = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var signal = new ChangeSignal(failure.SetResult);
        using var blocked = new ManualResetEventSlim();
        var freed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var first = signal.RegisterChangeCallback(_ => throw new InvalidOperationException("first"), null);
        using var second = signal.RegisterChangeCallback(_ =>
        {
            blocked.Wait(_patience.Token);
            freed.SetResult();
        }, null);
        using var third = signal.RegisterChangeCallback(_ => told.SetResult(), null);
        signal.Fire();
        await told.Task.WaitAsync(_patience.Token);
        blocked.Set();
        Assert.Equal("first", (await failure.Task.WaitAsync(_patience.Token)).Message);

        // A subscriber that finds its block disposed is a second failure, which nobody catches.
        await freed.Task.WaitAsync(_patience.Token);
    }
}
