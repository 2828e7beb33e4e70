using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Obtains the first JWT bundles before anything listens, or fails the start: without them every token would be refused.</summary>
internal sealed class JwtBundlesAtStart(
    IServiceProvider services, IOptions<SpiffeOptions> spiffe, IOptionsMonitor<SpiffeJwtAuthenticationOptions> options, TimeProvider time) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (options.Get(SpiffeJwtAuthenticationDefaults.AuthenticationScheme).Validation == JwtSvidValidation.Agent) return;

        var source = services.GetRequiredService<JwtBundleSource>();
        try
        {
            await source.WaitForFirstAsync(cancellationToken).WaitAsync(spiffe.Value.StartupTimeout, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or WorkloadApiException)
        {
            throw new InvalidOperationException(
                $"The SPIFFE Workload API at '{source.Address}' gave no JWT bundles, so no token could be verified. {e.Message} " +
                "If it does not know the JWT profile, remove 'AddSpiffeJwt()'; if it is slow, allow a longer 'Spiffe:StartupTimeout'.", e);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
