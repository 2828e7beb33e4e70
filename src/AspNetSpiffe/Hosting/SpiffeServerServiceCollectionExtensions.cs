using AspNetSpiffe;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds what a server needs to speak SPIFFE on some of its endpoints.</summary>
public static class SpiffeServerServiceCollectionExtensions
{
    /// <summary>Adds the identity, the authentication scheme <c>Spiffe</c> and policies named by a pattern; changes no endpoint.</summary>
    /// <remarks>For applications that put <c>listenOptions.UseSpiffe()</c> on single endpoints. <c>UseSpiffeMtls()</c> includes it.</remarks>
    public static IServiceCollection AddSpiffeServer(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(Handshake))) return services;

        services.AddSpiffe();
        services.AddSpiffeServerSecurity();
        // Not BindConfiguration: it makes a mistake in a reloaded file the problem of whoever reloaded it. AllowedPeers reloads.
        services.AddOptions<SpiffeServerOptions>()
            .Configure<IConfiguration>(static (options, configuration) => configuration.GetSection(SpiffeOptions.SectionName).Bind(options))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SpiffeServerOptions>, SpiffeServerOptionsValidator>());
        services.AddSingleton<AllowedPeers>();
        services.TryAddSingleton<ServerNotifications>();
        services.TryAddSingleton<SpiffeServerMetrics>();
        services.AddKeyedSingleton(Handshake.Key, static (provider, _) =>
        {
            var allowed = provider.GetRequiredService<AllowedPeers>();
            return new SpiffeTls(provider.GetRequiredService<X509Source>(), () => allowed.Pattern);
        });
        services.AddSingleton<PeerConnectionEvents>();
        services.AddSingleton<PeerConnectionRegistry>();
        services.AddSingleton<Handshake>();
        services.Insert(0, ServiceDescriptor.Transient<IStartupFilter, VerifiedPeersOnly>());
        return services;
    }
}
