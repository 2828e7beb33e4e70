using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The moments at which a source published a context, by the clock that all processes of a machine share.</summary>
internal sealed class Publications : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly BlockingCollection<long> _moments = [];
    private readonly IDisposable _subscription;

    public Publications(X509Source source) => _subscription = ChangeToken.OnChange(source.GetChangeToken, () => _moments.Add(Stopwatch.GetTimestamp()));

    /// <summary>Gives each publication once, in their order; waits for the next, and gives 0 when none comes.</summary>
    public long Next() => _moments.TryTake(out var moment, Patience) ? moment : 0;

    public void Dispose()
    {
        _subscription.Dispose();
        _moments.Dispose();
    }
}
