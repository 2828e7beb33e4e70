using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The moments at which a source published a context, by the clock that all processes of a machine share.</summary>
internal sealed class Publications : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<long> _moments = Channel.CreateUnbounded<long>();
    private readonly IDisposable _subscription;

    public Publications(X509Source source) => _subscription = ChangeToken.OnChange(source.GetChangeToken, () => _moments.Writer.TryWrite(Stopwatch.GetTimestamp()));

    /// <summary>Gives each publication once, in their order; waits for the next, and gives 0 when none comes.</summary>
    public async Task<long> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await _moments.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    public void Dispose() => _subscription.Dispose();
}
