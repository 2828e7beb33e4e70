using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Waits, before any endpoint listens, for what verification needs: the bundles, and our own trust domain if no callers are configured. Fails the start on a timeout.</summary>
internal sealed partial class JwtVerificationAtStart(
    IServiceProvider services, NoopHost noop, IOptions<SpiffeOptions> spiffe, IOptionsMonitor<SpiffeJwtAuthenticationOptions> monitor, IOptions<SpiffeSchemes> schemes, TimeProvider time,
    ILogger<JwtVerificationAtStart> logger) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (noop.IsHere) return;
        SpiffeJwtAuthenticationOptions[] all = [.. schemes.Value.Tokens.Select(monitor.Get)];
        if (all.Any(options => options.AllowedCallers is null)) await RequireTrustDomainAsync(cancellationToken);
        if (all.Any(options => options.AllowedCallers is [])) Log.Nobody(logger);
        if (all.Any(options => options.Validation == JwtSvidValidation.Agent)) RequireAgent();
        if (all.Any(options => options.Validation != JwtSvidValidation.Agent)) await RequireBundlesAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task RequireTrustDomainAsync(CancellationToken cancellationToken)
    {
        try
        {
            await services.GetRequiredService<X509Source>().EnsureStartedAsync(cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException(
                "AddSpiffeJwt() has no AllowedCallers, so it accepts tokens of our own trust domain, which is known only from our own SVID. " +
                $"{e.Message} Or list the callers: AddSpiffeJwt(options => options.AllowedCallers = [\"spiffe://example.org/**\"]) requires no SVID.", e);
        }
    }

    private void RequireAgent()
    {
        if (services.GetRequiredService<X509Source>().Address is null)
            throw new InvalidOperationException(
                $"AddSpiffeJwt() lets the Workload API validate tokens ({nameof(JwtSvidValidation)}.{nameof(JwtSvidValidation.Agent)}), but this workload gets its identity from files or from code. Validate locally.");
    }

    private async Task RequireBundlesAsync(CancellationToken cancellationToken)
    {
        var source = services.GetRequiredService<JwtBundleSource>();
        try
        {
            await source.WaitForFirstAsync(cancellationToken).WaitAsync(spiffe.Value.StartupTimeout, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or WorkloadApiException)
        {
            throw new InvalidOperationException(
                $"{(source.Address is { } address ? $"The SPIFFE Workload API at '{address}' sent no JWT bundles" : "There are no JWT bundles")}, so no token could be verified. {e.Message} " +
                "If it does not support the JWT profile, remove 'AddSpiffeJwt()'; if it is slow, increase 'Spiffe:StartupTimeout'.", e);
        }
    }

    /// <seealso cref="JwtVerificationAtStart"/>
    private static partial class Log
    {
        /// <summary>The list of allowed callers is set and empty, so every token is rejected as <c>NotAllowed</c>.</summary>
        /// <remarks>List the callers in <c>AllowedCallers</c>, or remove the list to allow the members of our own trust domain.</remarks>
        [LoggerMessage(1, LogLevel.Warning, "AllowedCallers of AddSpiffeJwt() is empty: every token is rejected.", EventName = "NobodyAllowed")]
        public static partial void Nobody(ILogger logger);
    }
}
