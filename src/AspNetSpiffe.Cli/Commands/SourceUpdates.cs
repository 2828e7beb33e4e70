using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>What a source publishes, for as long as one watches.</summary>
internal static class SourceUpdates
{
    /// <summary>Returns the present context, then the newest after each change; null while there is none. Ends by cancellation only.</summary>
    public static async IAsyncEnumerable<X509Context?> WatchAsync(this X509Source source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = NextAsync(source.GetChangeToken(), cancellationToken);
            yield return source.Current;
            await next;
        }
    }

    /// <summary>Determines whether a line of the source's log is for the standard error: what was ignored of an update is shown with it.</summary>
    public static bool IsTrouble(LogLevel level, EventId happened) => level >= LogLevel.Warning && happened.Name != "UpdateRemark";

    private static async Task NextAsync(IChangeToken change, CancellationToken cancellationToken)
    {
        var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = change.RegisterChangeCallback(_ => changed.TrySetResult(), null);
        await changed.Task.WaitAsync(cancellationToken);
    }
}
