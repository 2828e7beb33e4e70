using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The name of a client whose requirements are known only when the host starts, or that needs no SVID.</summary>
internal sealed record SpiffeClientName(string Name);

/// <summary>Waits, before any endpoint listens, for what these clients need: bundles, or an SVID if the client presents one. Fails the start on a timeout.</summary>
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
