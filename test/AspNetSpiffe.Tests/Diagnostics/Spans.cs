using System.Collections.ObjectModel;
using System.Diagnostics;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>The spans that an exporter was given, in their order. All of this process: a test looks for its own.</summary>
internal sealed class Spans : Collection<Activity>
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Waits for the first span that is meant.</summary>
    public async Task<Activity> FindAsync(Func<Activity, bool> isMeant, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (this.FirstOrDefault(isMeant) is { } found) return found;
                next = _next.Task;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    protected override void InsertItem(int index, Activity item)
    {
        lock (_lock)
        {
            base.InsertItem(Count, item);
            _next.SetResult();
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
