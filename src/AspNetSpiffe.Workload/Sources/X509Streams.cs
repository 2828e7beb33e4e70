using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The X.509 streams of this process, one for each origin, however many sources have it (SPIFFE Workload API §4.2).</summary>
/// <remarks>Thread-safe: its lock guards which streams are open and who reads them; no external code runs under it.</remarks>
internal static class X509Streams
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<Origin, X509Stream> Open = [];

    /// <summary>Joins the stream of an origin, and opens it for the first source.</summary>
    public static X509StreamReader Join(Origin origin, X509Source source, ILogger logger)
    {
        lock (Gate)
        {
            if (Open.TryGetValue(origin, out var open)) return open.Add(source, logger);

            var stream = Open[origin] = new(origin);
            var reader = stream.Add(source, logger);
            stream.Start();
            return reader;
        }
    }

    /// <summary>Removes a reader; the last one ends the stream and waits for its end.</summary>
    public static async ValueTask LeaveAsync(X509Stream stream, X509StreamReader reader)
    {
        lock (Gate)
        {
            if (stream.Remove(reader) > 0) return;
            Forget(stream);
        }

        await stream.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Publishes a state to every reader. After a permanent error, the next source opens a new stream.</summary>
    public static void Publish(X509Stream stream, WatchState<X509Context> state)
    {
        lock (Gate)
        {
            if (state.End is not null) Forget(stream);
            stream.Write(state);
        }
    }

    private static void Forget(X509Stream stream)
    {
        if (Open.GetValueOrDefault(stream.Origin) == stream) Open.Remove(stream.Origin);
    }
}
