using AspNetSpiffe;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Health checks of the workload's SPIFFE identity.</summary>
public static class SpiffeHealthChecksBuilderExtensions
{
    /// <summary>Adds three checks: <c>spiffe-identity</c>, <c>spiffe-bundles</c> and <c>spiffe-tokens</c>. They read the state of the sources and send no request to the agent.</summary>
    /// <remarks>
    /// <para>
    /// <c>spiffe-identity</c> is healthy while our SVID is valid and renewed in time; degraded while it is valid and its origin is unavailable, or has not renewed it in the last third of its lifetime;
    /// unhealthy without a valid SVID. <c>spiffe-bundles</c> is unhealthy without a valid authority of our own trust domain, and degraded on an error of the
    /// bundle of another trust domain, of its endpoint, or of a certificate revocation list. <c>spiffe-tokens</c> is unhealthy until the first keys to verify tokens, or our first token, have been received, and degraded when the last attempt failed.
    /// </para>
    /// A check for something that the application does not use is healthy. The data of each check has IDs, expiry, the last update and the last error; never a key or a token. Thread-safe.
    /// </remarks>
    /// <param name="builder">The health checks of the host.</param>
    /// <param name="failureStatus">The status to report instead of <see cref="HealthStatus.Unhealthy"/>.</param>
    /// <param name="tags">Tags to select the checks by.</param>
    /// <param name="timeout">The timeout of a check. These checks do not wait.</param>
    /// <example><code>
    /// builder.Services.AddHealthChecks().AddSpiffe(tags: ["ready"]);
    /// </code></example>
    public static IHealthChecksBuilder AddSpiffe(this IHealthChecksBuilder builder, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSpiffeSources();
        string[] all = [.. tags ?? []];
        return builder
            .Add(new("spiffe-identity", static provider => new IdentityHealthCheck(provider.GetRequiredService<SourceRegistry>(), provider.GetService<IdentityRequired>() is not null), failureStatus, all, timeout))
            .Add(new("spiffe-bundles", static provider => new BundleHealthCheck(provider.GetRequiredService<SourceRegistry>(), provider.GetRequiredService<BundleEndpoints>), failureStatus, all, timeout))
            .Add(new("spiffe-tokens", static provider => new TokenHealthCheck(provider.GetRequiredService<SourceRegistry>()), failureStatus, all, timeout));
    }
}
