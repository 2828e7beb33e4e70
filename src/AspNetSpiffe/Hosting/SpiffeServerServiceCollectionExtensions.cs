using AspNetSpiffe;
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
        services.AddOptions<SpiffeServerOptions>().BindConfiguration(SpiffeOptions.SectionName).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SpiffeServerOptions>, SpiffeServerOptionsValidator>());
        services.AddSingleton(CreateHandshake);
        return services;
    }

    private static Handshake CreateHandshake(IServiceProvider services)
    {
        var allowed = services.GetRequiredService<IOptions<SpiffeServerOptions>>().Value.AllowedPeers;
        return new(new SpiffeTls(services.GetRequiredService<X509Source>(), allowed.Count == 0 ? null : SpiffeIdPattern.Parse(string.Join(',', allowed))));
    }
}
