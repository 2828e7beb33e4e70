namespace AspNetSpiffe;

/// <summary>The work of a source: begun once, and not after its end. Thread-safe.</summary>
internal sealed class SourceRun(Func<CancellationToken, Task> run) : IAsyncDisposable, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _starting = new();
    private volatile bool _started;

    public bool IsStarted => _started;

    /// <summary>Gets the work under way, to wait for its end.</summary>
    public Task Task { get; private set; } = Task.CompletedTask;

    public void Start()
    {
        lock (_starting)
        {
            if (_started) return;
            _started = true;
            if (!_stopping.IsCancellationRequested) Task = run(_stopping.Token);
        }
    }

    /// <summary>Ends the work without waiting for it.</summary>
    public void Dispose() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await Task.ConfigureAwait(false);
    }
}
