using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>The updates of a source as an async stream.</summary>
internal static class SourceUpdates
{
    /// <summary>Returns the current context, then the newest after each change; null while there is none. Ends by cancellation only.</summary>
    public static async IAsyncEnumerable<X509Context?> WatchAsync(this X509Source source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = NextAsync(source.GetChangeToken(), cancellationToken);
            yield return source.Current;
            await next;
        }
    }

    /// <summary>Determines whether an event of the source's log goes to the standard error. Remarks are shown with their update instead.</summary>
    public static bool IsTrouble(LogLevel level, EventId happened) => level >= LogLevel.Warning && happened.Name != "UpdateRemark";

    private static async Task NextAsync(IChangeToken change, CancellationToken cancellationToken)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = change.RegisterChangeCallback(_ => changed.TrySetResult(), null);
        await changed.Task.WaitAsync(cancellationToken);
    }
}
