using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The X.509 streams of this process, one for each origin, however many sources have it (SPIFFE Workload API §4.2).</summary>
/// <remarks>Thread-safe: its lock guards which streams are open and who reads them; nothing foreign runs under it.</remarks>
internal static class X509Streams
{
    private static readonly Lock Gate = new();
    private static readonly Dictionary<Origin, X509Stream> Open = [];

    /// <summary>Takes part in the stream, and opens it when nobody else does.</summary>
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

    /// <summary>Ends one part; the last one ends the stream and waits for that.</summary>
    public static async ValueTask LeaveAsync(X509Stream stream, X509StreamReader reader)
    {
        lock (Gate)
        {
            if (stream.Remove(reader) > 0) return;
            Forget(stream);
        }

        await stream.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Tells every reader the new state. Once there is an end, the next source opens a stream of its own.</summary>
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
