using System.Runtime.CompilerServices;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe;

public sealed partial class WorkloadApiClient
{
    /// <summary>Watches as <see cref="WatchX509BundlesAsync"/> does, but goes on after a message that breaks a rule.</summary>
    internal async IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var message in _channel.WatchAsync(static (agent, options) => agent.FetchX509Bundles(new(), options), cancellationToken).ConfigureAwait(false))
            yield return ReadX509Bundles(message, cancellationToken);
    }

    private Update<X509BundleSet> ReadX509Bundles(X509BundlesResponse message, CancellationToken cancellationToken)
    {
        if (message.Refusal is { } refusal) return new(null, refusal, []);

        var reader = new X509ContextReader(_time, _limits);
        try
        {
            return new(reader.ReadBundles(message, cancellationToken), null, reader.Remarks);
        }
        catch (FormatException e)
        {
            return new(null, e, reader.Remarks);
        }
    }
}
