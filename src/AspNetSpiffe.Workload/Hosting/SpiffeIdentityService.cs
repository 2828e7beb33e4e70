using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Waits for the first SVID before any endpoint listens, or fails the start.</summary>
internal sealed class SpiffeIdentityService(IServiceProvider services, NoopHost noop) : IHostedLifecycleService
{
    private X509Source? _source;

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (noop.IsHere) return Task.CompletedTask;
        _source = services.GetRequiredService<X509Source>();
        return _source.EnsureStartedAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Stopped last: requests that are still served while the host stops may open connections with our SVID.
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_source is not null) await _source.DisposeAsync().ConfigureAwait(false);
    }
}
