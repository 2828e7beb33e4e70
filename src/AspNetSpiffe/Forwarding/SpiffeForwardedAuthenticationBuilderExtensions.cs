using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the authentication scheme <c>SpiffeForwarded</c>.</summary>
public static class SpiffeForwardedAuthenticationBuilderExtensions
{
    /// <summary>Adds the scheme that authenticates the client of a trusted proxy by its forwarded X509-SVID, verified as in a handshake. It applies to endpoints with the scheme <c>SpiffeForwarded</c>, or to all if it is the default scheme.</summary>
    /// <remarks>
    /// For the schemes of <c>AddCertificate()</c>, a verified certificate is that of the connection, and they authenticate the same caller without building a chain.
    /// Calling this again changes the same options.
    /// </remarks>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="configureOptions">Sets the options, including at least one trusted proxy.</param>
    /// <example><code>
    /// builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add("spiffe://example.org/ns/edge/envoy"));
    /// app.MapGet("/orders", [Authorize(AuthenticationSchemes = "SpiffeForwarded", Policy = "spiffe://example.org/ns/shop/**")] () => "…");
    /// </code></example>
    public static AuthenticationBuilder AddSpiffeForwarded(this AuthenticationBuilder builder, Action<SpiffeForwardedAuthenticationOptions> configureOptions) =>
        builder.AddSpiffeForwarded(SpiffeForwardedAuthenticationDefaults.AuthenticationScheme, configureOptions);

    /// <inheritdoc cref="AddSpiffeForwarded(AuthenticationBuilder, Action{SpiffeForwardedAuthenticationOptions})" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme.</param>
    /// <param name="configureOptions">Sets the options, including at least one trusted proxy.</param>
    public static AuthenticationBuilder AddSpiffeForwarded(
        this AuthenticationBuilder builder, string authenticationScheme, Action<SpiffeForwardedAuthenticationOptions> configureOptions) =>
        builder.AddSpiffeForwarded(authenticationScheme, displayName: null, configureOptions);

    /// <inheritdoc cref="AddSpiffeForwarded(AuthenticationBuilder, Action{SpiffeForwardedAuthenticationOptions})" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme.</param>
    /// <param name="displayName">The display name.</param>
    /// <param name="configureOptions">Sets the options, including at least one trusted proxy.</param>
    public static AuthenticationBuilder AddSpiffeForwarded(
        this AuthenticationBuilder builder, string authenticationScheme, string? displayName, Action<SpiffeForwardedAuthenticationOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(authenticationScheme);
        ArgumentNullException.ThrowIfNull(configureOptions);
        builder.Services.Configure(authenticationScheme, configureOptions);
        builder.Services.AddForwarding();
        return builder.AddSchemeOnce<SpiffeForwardedAuthenticationOptions, SpiffeForwardedAuthenticationHandler>(authenticationScheme, displayName, static schemes => schemes.Forwarded);
    }

    private static void AddForwarding(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(ForwardedRefusals))) return;

        services.AddSpiffe();
        services.AddSpiffePolicies();
        services.AddValidation<SpiffeForwardedAuthenticationOptions, SpiffeForwardedOptionsValidator>(static provider => SpiffeSchemes.Of(provider).Forwarded);
        services.AddSingleton<IOptionsMonitorCache<SpiffeForwardedAuthenticationOptions>, OptionsOfTheStart<SpiffeForwardedAuthenticationOptions>>();
        services.TryAddSingleton<SpiffeServerMetrics>();
        services.TryAddSingleton<RefusalHistory>();
        services.AddSingleton<ForwardedRefusals>();
        services.AddTransient<IStartupFilter, ForwardedCertificates>();
        services.AddCertificateVerdicts();
    }

    private static void AddCertificateVerdicts(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(ICertificateValidationCache))) services.Decorate<ICertificateValidationCache>(static (others, _) => new ForwardedCertificateCache(others));
        else services.AddSingleton<ICertificateValidationCache>(new ForwardedCertificateCache(null));
    }
}
