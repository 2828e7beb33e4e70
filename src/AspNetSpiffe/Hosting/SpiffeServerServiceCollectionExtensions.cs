using AspNetSpiffe;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the services for a server that uses SPIFFE on some of its endpoints.</summary>
public static class SpiffeServerServiceCollectionExtensions
{
    /// <summary>Adds the identity, the authentication scheme <c>Spiffe</c> and policies named by a pattern; changes no endpoint.</summary>
    /// <remarks>For applications that call <c>listenOptions.UseSpiffe()</c> on single endpoints. <c>UseSpiffeMtls()</c> includes it.</remarks>
    public static IServiceCollection AddSpiffeServer(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(Handshake))) return services;

        services.AddSpiffe();
        services.AddSpiffeServerSecurity();
        services.AddServerSettings();
        services.AddSingleton<AllowedPeers>();
        services.TryAddSingleton<SpiffeServerMetrics>();
        services.TryAddSingleton<RefusalHistory>();
        services.AddKeyedSingleton(Handshake.Key, static (provider, _) =>
        {
            var allowed = provider.GetRequiredService<AllowedPeers>();
            return new SpiffeTls(provider.GetRequiredService<X509Source>(), () => allowed.Pattern);
        });
        services.AddSingleton<PeerConnectionEvents>();
        services.AddSingleton<PeerConnectionRegistry>();
        services.AddSingleton<Handshake>();
        services.AddSingleton<HttpsSettings>();
        services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, VerifiedPeersOnly>());
        return services;
    }

    private static void AddServerSettings(this IServiceCollection services)
    {
        // Inserted first, so that options set in code take precedence in any order of calls.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<SpiffeServerOptions>, SpiffeServerOptionsSetup>());
        services.AddValidation<SpiffeServerOptions, SpiffeServerOptionsValidator>(static _ => [Microsoft.Extensions.Options.Options.DefaultName]);
        services.AddKeyedSingleton(SpiffeOptions.SectionName, SpiffeServerOptionsSetup.Keys);
    }
}
