using System.Runtime.CompilerServices;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe;

public sealed partial class WorkloadApiClient
{
    /// <summary>Watches as <see cref="WatchX509BundlesAsync"/> does, but continues after an invalid message.</summary>
    /// <param name="remarkLater">Receives an error in a bundle that is decoded on first use; without it, all are decoded immediately.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    internal async IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in _channel.WatchAsync(static (agent, options) => agent.FetchX509Bundles(new(), options), cancellationToken).ConfigureAwait(false))
            yield return ReadX509Bundles(message, remarkLater, cancellationToken);
    }

    private Update<X509BundleSet> ReadX509Bundles(X509BundlesResponse message, Action<string>? remarkLater, CancellationToken cancellationToken)
    {
        if (message.Refusal is { } refusal) return new(null, refusal, []);

        var reader = new X509ContextReader(_time, _limits, _knownBundles, remarkLater);
        try
        {
            var bundles = reader.ReadBundles(message, cancellationToken);
            _knownBundles = new([], bundles);
            return new(bundles, null, reader.Remarks);
        }
        catch (FormatException e)
        {
            return new(null, e, reader.Remarks);
        }
    }
}
