using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.TestKit;

/// <summary>Waits for the change of a source.</summary>
public static class ChangeTokens
{
    /// <summary>Waits for a change. Call it before the code that causes the change: <c>var changed = source.GetChangeToken().ChangedAsync(…)</c>.</summary>
    public static async Task ChangedAsync(this IChangeToken token, CancellationToken cancellationToken)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = token.RegisterChangeCallback(_ => changed.TrySetResult(), null);
        await changed.Task.WaitAsync(cancellationToken);
    }
}
