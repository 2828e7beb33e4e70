using System.Diagnostics.CodeAnalysis;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the authentication scheme <c>Spiffe</c>.</summary>
public static class SpiffeAuthenticationBuilderExtensions
{
    /// <summary>Adds the scheme that authenticates requests by the verified peer of their connection. <c>UseSpiffeMtls()</c> includes it; calling both is allowed.</summary>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    public static AuthenticationBuilder AddSpiffe(this AuthenticationBuilder builder) => builder.AddSpiffe(static _ => { });

    /// <inheritdoc cref="AddSpiffe(AuthenticationBuilder)" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="configureOptions">Changes the options of the scheme.</param>
    public static AuthenticationBuilder AddSpiffe(this AuthenticationBuilder builder, Action<SpiffeAuthenticationOptions> configureOptions) =>
        builder.AddSpiffe(SpiffeAuthenticationDefaults.AuthenticationScheme, configureOptions);

    /// <inheritdoc cref="AddSpiffe(AuthenticationBuilder)" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme. Endpoint conventions such as <c>RequireSpiffe</c> use the scheme named <c>Spiffe</c>.</param>
    /// <param name="configureOptions">Changes the options of the scheme.</param>
    public static AuthenticationBuilder AddSpiffe(this AuthenticationBuilder builder, string authenticationScheme, Action<SpiffeAuthenticationOptions> configureOptions) =>
        builder.AddSpiffe(authenticationScheme, displayName: null, configureOptions);

    /// <inheritdoc cref="AddSpiffe(AuthenticationBuilder, string, Action{SpiffeAuthenticationOptions})" path="/*[not(self::param)]"/>
    /// <param name="builder">The builder that <c>services.AddAuthentication()</c> returns.</param>
    /// <param name="authenticationScheme">The name of the scheme. Endpoint conventions such as <c>RequireSpiffe</c> use the scheme named <c>Spiffe</c>.</param>
    /// <param name="displayName">The display name.</param>
    /// <param name="configureOptions">Changes the options of the scheme.</param>
    public static AuthenticationBuilder AddSpiffe(
        this AuthenticationBuilder builder, string authenticationScheme, string? displayName, Action<SpiffeAuthenticationOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(authenticationScheme);
        ArgumentNullException.ThrowIfNull(configureOptions);
        builder.Services.TryAddSingleton<ServerNotifications>();
        builder.Services.Configure(authenticationScheme, configureOptions);
        return builder.AddSchemeOnce<SpiffeAuthenticationOptions, SpiffeAuthenticationHandler>(authenticationScheme, displayName, static schemes => schemes.Peers);
    }

    /// <summary>Adds a scheme unless it exists: the framework rejects a second scheme of the same name, and <c>UseSpiffeMtls()</c> and the application may both add one.</summary>
    internal static AuthenticationBuilder AddSchemeOnce<TOptions, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this AuthenticationBuilder builder, string authenticationScheme, string? displayName, Func<SpiffeSchemes, HashSet<string>> kind)
        where TOptions : AuthenticationSchemeOptions, new()
        where THandler : AuthenticationHandler<TOptions>
    {
        var added = new AddedScheme(authenticationScheme, typeof(THandler));
        if (builder.Services.Any(service => added.Equals(service.ImplementationInstance))) return builder;

        builder.Services.AddSingleton(added);
        builder.Services.Configure<SpiffeSchemes>(schemes => kind(schemes).Add(authenticationScheme));
        return builder.AddScheme<TOptions, THandler>(authenticationScheme, displayName, null);
    }

    private sealed record AddedScheme(string Name, Type Handler);
}
