namespace AspNetSpiffe;

/// <summary>The background task of a source: started at most once, and not after it was disposed. Thread-safe.</summary>
internal sealed class SourceRun(Func<CancellationToken, Task> run) : IAsyncDisposable, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _starting = new();
    private volatile bool _started;

    public bool IsStarted => _started;

    /// <summary>Gets the background task, to await its end.</summary>
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

    /// <summary>Cancels the task without waiting for its end.</summary>
    public void Dispose() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Dispose();
        await Task.ConfigureAwait(false);
    }
}
