using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the authentication scheme <c>SpiffeJwt</c>.</summary>
public static class SpiffeJwtAuthenticationBuilderExtensions
{
    /// <summary>Adds the scheme that authenticates the owner of a JWT-SVID in <c>Authorization: Bearer</c> (JWT-SVID §5.2), for endpoints with the scheme <c>SpiffeJwt</c>.</summary>
    /// <remarks>
    /// If the application has no other scheme, <c>SpiffeJwt</c> is its default scheme. With <c>UseSpiffeMtls()</c> it is not: a policy applies to the peer of the connection
    /// unless it has the scheme <c>SpiffeJwt</c>. Calling this again changes the same options.
    /// </remarks>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="configureOptions">Sets the options, including at least one audience.</param>
    /// <example><code>
    /// builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));
    /// app.MapGet("/report", [Authorize(AuthenticationSchemes = "SpiffeJwt", Policy = "spiffe://example.org/ns/reporting/**")] () => "…");
    /// </code></example>
    public static AuthenticationBuilder AddSpiffeJwt(this AuthenticationBuilder builder, Action<SpiffeJwtAuthenticationOptions> configureOptions) =>
        builder.AddSpiffeJwt(SpiffeJwtAuthenticationDefaults.AuthenticationScheme, configureOptions);

    /// <inheritdoc cref="AddSpiffeJwt(AuthenticationBuilder, Action{SpiffeJwtAuthenticationOptions})" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme.</param>
    /// <param name="configureOptions">Sets the options, including at least one audience.</param>
    public static AuthenticationBuilder AddSpiffeJwt(this AuthenticationBuilder builder, string authenticationScheme, Action<SpiffeJwtAuthenticationOptions> configureOptions) =>
        builder.AddSpiffeJwt(authenticationScheme, displayName: null, configureOptions);

    /// <inheritdoc cref="AddSpiffeJwt(AuthenticationBuilder, Action{SpiffeJwtAuthenticationOptions})" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme.</param>
    /// <param name="displayName">The display name.</param>
    /// <param name="configureOptions">Sets the options, including at least one audience.</param>
    public static AuthenticationBuilder AddSpiffeJwt(
        this AuthenticationBuilder builder, string authenticationScheme, string? displayName, Action<SpiffeJwtAuthenticationOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(authenticationScheme);
        ArgumentNullException.ThrowIfNull(configureOptions);
        builder.Services.Configure(authenticationScheme, configureOptions);
        builder.Services.AddTokenServices();
        return builder.AddSchemeOnce<SpiffeJwtAuthenticationOptions, SpiffeJwtAuthenticationHandler>(authenticationScheme, displayName, static schemes => schemes.Tokens);
    }

    private static void AddTokenServices(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(TokenGate))) return;

        services.AddSpiffeSources();
        services.AddSpiffePolicies();
        services.AddValidation<SpiffeJwtAuthenticationOptions, SpiffeJwtOptionsValidator>(static provider => SpiffeSchemes.Of(provider).Tokens);
        services.AddSingleton<IOptionsMonitorCache<SpiffeJwtAuthenticationOptions>, OptionsOfTheStart<SpiffeJwtAuthenticationOptions>>();
        services.AddSingleton(new NoopHost(services));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, JwtVerificationAtStart>());
        services.TryAddSingleton<SpiffeServerMetrics>();
        services.TryAddSingleton<RefusalHistory>();
        services.AddSingleton<AgentTokens>();
        services.AddSingleton<TokenRefusals>();
        services.AddSingleton<TokenGate>();
    }
}
