using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Obtains the first SVID before anything listens, or fails the start.</summary>
internal sealed class SpiffeIdentityService(X509Source source, IOptions<SpiffeOptions> options) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        source.Start();
        return source.RequireFirstAsync(options.Value.StartupTimeout, cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Last of all: requests that are still served while the host stops may open connections with our SVID.
    public async Task StoppedAsync(CancellationToken cancellationToken) => await source.DisposeAsync().ConfigureAwait(false);
}
