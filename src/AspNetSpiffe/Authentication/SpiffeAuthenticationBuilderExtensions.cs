using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the authentication scheme <c>Spiffe</c>.</summary>
public static class SpiffeAuthenticationBuilderExtensions
{
    /// <summary>Makes the verified peer of a connection the user of its requests. <c>UseSpiffeMtls()</c> has done so already; calling both does no harm.</summary>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> gives.</param>
    public static AuthenticationBuilder AddSpiffe(this AuthenticationBuilder builder) => builder.AddSpiffe(static _ => { });

    /// <inheritdoc cref="AddSpiffe(AuthenticationBuilder)"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> gives.</param>
    /// <param name="configure">Changes the options of the scheme.</param>
    public static AuthenticationBuilder AddSpiffe(this AuthenticationBuilder builder, Action<SpiffeAuthenticationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.TryAddScoped<PeerTicket>();
        builder.Services.TryAddSingleton<ServerNotifications>();
        builder.Services.Configure(SpiffeAuthenticationDefaults.AuthenticationScheme, configure);

        // The framework refuses a second scheme of the same name, whoever adds it.
        return builder.Services.Any(service => service.ServiceType == typeof(SpiffeAuthenticationHandler))
            ? builder
            : builder.AddScheme<SpiffeAuthenticationOptions, SpiffeAuthenticationHandler>(SpiffeAuthenticationDefaults.AuthenticationScheme, null);
    }
}
