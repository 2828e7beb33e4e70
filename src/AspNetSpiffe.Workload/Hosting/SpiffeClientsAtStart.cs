using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The name of a client that says only when the host starts what it needs, or that needs no SVID.</summary>
internal sealed record SpiffeClientName(string Name);

/// <summary>Obtains what these clients need before anything listens, or fails the start: bundles where no SVID is shown, an SVID where one is.</summary>
internal sealed class SpiffeClientsAtStart(
    IServiceProvider services, NoopHost noop, IEnumerable<SpiffeClientName> names, IOptionsMonitor<SpiffeClientOptions> clients, IOptions<SpiffeOptions> spiffe) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (noop.IsHere) return;
        var modes = names.Select(client => clients.Get(client.Name).Require(client.Name).Mode).ToHashSet();
        if (modes.Remove(SpiffeClientMode.NoClientCertificate))
            await services.GetRequiredService<X509BundleSource>().RequireFirstAsync(spiffe.Value.StartupTimeout, cancellationToken).ConfigureAwait(false);
        if (modes.Count > 0) await services.GetRequiredService<X509Source>().EnsureStartedAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
