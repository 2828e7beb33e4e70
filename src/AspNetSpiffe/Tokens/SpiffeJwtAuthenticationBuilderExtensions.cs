using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the authentication scheme <c>SpiffeJwt</c>.</summary>
public static class SpiffeJwtAuthenticationBuilderExtensions
{
    /// <summary>Makes the owner of a JWT-SVID in <c>Authorization: Bearer</c> the user of the request, where an endpoint names the scheme <c>SpiffeJwt</c>.</summary>
    /// <remarks>
    /// Where the application has no other scheme, <c>SpiffeJwt</c> is its default. Beside <c>UseSpiffeMtls()</c> it is not: a policy means the peer of the connection
    /// unless it names the scheme. Calling this again changes the same options.
    /// </remarks>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> gives.</param>
    /// <param name="configure">Names at least one audience.</param>
    /// <example><code>
    /// builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));
    /// app.MapGet("/report", [Authorize(AuthenticationSchemes = "SpiffeJwt", Policy = "spiffe://example.org/ns/reporting/**")] () => "…");
    /// </code></example>
    public static AuthenticationBuilder AddSpiffeJwt(this AuthenticationBuilder builder, Action<SpiffeJwtAuthenticationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        services.Configure(SpiffeJwtAuthenticationDefaults.AuthenticationScheme, configure);
        if (services.Any(service => service.ServiceType == typeof(TokenGate))) return builder;

        services.AddSpiffeSources();
        services.AddSpiffePolicies();
        services.AddSingleton<IValidateOptions<SpiffeJwtAuthenticationOptions>, SpiffeJwtOptionsValidator>();
        services.AddSingleton<IValidateOptions<SpiffeOptions>>(provider => new MistakesOf<SpiffeJwtAuthenticationOptions>(
            provider.GetRequiredService<IOptionsFactory<SpiffeJwtAuthenticationOptions>>(), SpiffeJwtAuthenticationDefaults.AuthenticationScheme));
        services.AddSingleton<IOptionsMonitorCache<SpiffeJwtAuthenticationOptions>, JwtOptionsOfTheStart>();
        services.AddSingleton(new NoopHost(services));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, JwtVerificationAtStart>());
        services.TryAddSingleton<ServerNotifications>();
        services.TryAddSingleton<SpiffeServerMetrics>();
        services.AddSingleton<AgentTokens>();
        services.AddSingleton<TokenRefusals>();
        services.AddSingleton<TokenGate>();
        return builder.AddScheme<SpiffeJwtAuthenticationOptions, SpiffeJwtAuthenticationHandler>(SpiffeJwtAuthenticationDefaults.AuthenticationScheme, null);
    }
}
