using System.Runtime.CompilerServices;

namespace AspNetSpiffe;

/// <summary>The contexts from code of the application, validated like those of an agent.</summary>
internal sealed class ProviderFeed(Func<CancellationToken, IAsyncEnumerable<X509Context?>> provider, TimeProvider time, SpiffeLimits limits) : IFeed
{
    public async IAsyncEnumerable<Update<X509Context>> WatchX509UpdatesAsync(Action<string>? remarkLater, [EnumeratorCancellation] CancellationToken stopping)
    {
        await foreach (var context in provider(stopping).WithCancellation(stopping).ConfigureAwait(false))
            yield return context is null ? new(null, null, []) : Judge(context);

        // The provider has ended; its last context stays in use.
        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<Update<X509BundleSet>> WatchX509BundleUpdatesAsync(Action<string>? remarkLater, [EnumeratorCancellation] CancellationToken stopping)
    {
        // Withdrawing the identity does not withdraw the bundles.
        await foreach (var update in WatchX509UpdatesAsync(remarkLater, stopping).ConfigureAwait(false))
            if (update is { Value: not null } or { Problem: not null })
                yield return new(update.Value?.Bundles, update.Problem, update.Remarks);
    }

    public IAsyncEnumerable<Update<JwtBundleSet>> WatchJwtUpdatesAsync(CancellationToken stopping) => throw new NotSupportedException(
        $"JWT bundles require a Workload API or files, but this workload gets its identity from '{nameof(SpiffeOptions)}.{nameof(SpiffeOptions.Provider)}'.");

    public void Dispose()
    {
    }

    private Update<X509Context> Judge(X509Context context)
    {
        try
        {
            X509ContextReader.RequireVerified(context, time.GetUtcNow(), limits);
            return new(context, null, []);
        }
        catch (FormatException e)
        {
            return new(null, e, []);
        }
    }
}
