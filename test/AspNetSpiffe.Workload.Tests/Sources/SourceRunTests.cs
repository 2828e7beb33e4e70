namespace AspNetSpiffe.Workload.Tests.Sources;

public sealed class SourceRunTests
{
    private readonly TaskCompletionSource _end = new();
    private CancellationToken _stopping;
    private int _begun;

    [Fact]
    public async Task Work_that_is_started_twice_begins_once()
    {
        using var run = Make();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(run.Start)));
        Assert.Equal(1, _begun);
        Assert.Same(_end.Task, run.Task);
    }

    [Fact]
    public void Work_does_not_begin_after_its_end()
    {
        var run = Make();
        run.Dispose();
        run.Start();
        Assert.Equal(0, _begun);
    }

    [Fact]
    public async Task The_end_is_asked_for_and_then_waited_for()
    {
        var run = Make();
        run.Start();
        var disposal = run.DisposeAsync();
        Assert.True(_stopping.IsCancellationRequested);
        Assert.False(disposal.IsCompleted);

        _end.SetResult();
        await disposal;
        await run.DisposeAsync();
    }

    private SourceRun Make() => new(stopping =>
    {
        _stopping = stopping;
        Interlocked.Increment(ref _begun);
        return _end.Task;
    });
}
