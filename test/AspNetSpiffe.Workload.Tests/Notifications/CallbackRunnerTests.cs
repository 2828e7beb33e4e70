using System.Collections.Concurrent;

namespace AspNetSpiffe.Workload.Tests.Notifications;

public sealed class CallbackRunnerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact, Trait("Trial", "H-01")]
    public void Calls_that_block_hold_up_neither_those_behind_them_nor_the_pool()
    {
        using var release = new ManualResetEventSlim();
        using var others = new CountdownEvent(10);
        var runner = new CallbackRunner(_ => { });
        var onPool = new ConcurrentQueue<bool>();
        for (var i = 0; i < 10; i++)
        {
            runner.Post(release.Wait);
            runner.Post(() =>
            {
                onPool.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
                others.Signal();
            });
        }

        Assert.True(others.Wait(Patience));
        release.Set();
        Assert.DoesNotContain(true, onPool);
    }

    [Fact, Trait("Trial", "H-01")]
    public void Each_exception_is_told_and_ends_nothing()
    {
        using var others = new CountdownEvent(3);
        var faults = new ConcurrentQueue<string>();
        var runner = new CallbackRunner(e => faults.Enqueue(e.Message));
        for (var i = 0; i < 3; i++)
        {
            runner.Post(() => throw new InvalidOperationException("mine"));
            runner.Post(() => others.Signal());
        }

        Assert.True(others.Wait(Patience));
        Assert.Equal(["mine", "mine", "mine"], faults);
    }

    [Fact]
    public async Task It_goes_on_after_it_was_idle()
    {
        var runner = new CallbackRunner(_ => { });
        for (var i = 0; i < 100; i++)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            runner.Post(done.SetResult);
            await done.Task.WaitAsync(Patience);
        }
    }
}
