using System.Diagnostics.CodeAnalysis;
using AspNetSpiffe;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Publishes the bundle of our own trust domain.</summary>
public static class SpiffeBundleEndpointRouteBuilderExtensions
{
    private const string RetryAfterSeconds = "5";

    /// <summary>Publishes the current bundle of our own trust domain at a path, for federated trust domains (SPIFFE Trust Domain and Bundle §5.2).</summary>
    /// <remarks>
    /// Anonymous access is allowed, whatever the fallback policy: bundles are public. The standard requires an endpoint without client certificates, with a Web PKI certificate
    /// (profile <c>https_web</c>) or our own SVID (<c>https_spiffe</c>); with <c>UseSpiffeMtls()</c> only already trusted peers could read it. The response is 503 until the bundles are available.
    /// </remarks>
    /// <param name="endpoints">The endpoints of the application, whose services include <c>AddSpiffe()</c>, which <c>UseSpiffeMtls()</c> and <c>AddSpiffeServer()</c> call.</param>
    /// <param name="pattern">The path.</param>
    /// <param name="configure">Changes the options.</param>
    /// <exception cref="ArgumentOutOfRangeException">The refresh hint is too short, too long, or has a fraction of a second.</exception>
    /// <example><code>
    /// app.MapSpiffeBundle("/bundle.json");
    /// </code></example>
    public static IEndpointConventionBuilder MapSpiffeBundle(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Action<SpiffeBundleEndpointOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        var options = new SpiffeBundleEndpointOptions();
        configure?.Invoke(options);
        var hint = options.RefreshHint;
        if (hint < SpiffeBundle.MinRefreshHint || hint > SpiffeBundle.MaxRefreshHint || hint.Ticks % TimeSpan.TicksPerSecond != 0)
            throw new ArgumentOutOfRangeException(nameof(configure), hint, "RefreshHint: must be whole seconds, from one minute to one day.");

        var services = endpoints.ServiceProvider;
        var document = new BundleDocument(
            services.GetRequiredService<X509Source>(), options.JwtKeys ? services.GetRequiredService<JwtBundleSource>() : null, hint);
        return endpoints.MapMethods(pattern, [HttpMethods.Get, HttpMethods.Head], (RequestDelegate)(http => AnswerAsync(http, document))).AllowAnonymous().WithDisplayName("SPIFFE bundle");
    }

    private static Task AnswerAsync(HttpContext http, BundleDocument document)
    {
        // The framework handles conditional requests and HEAD.
        if (document.Current is { } bundle) return TypedResults.Bytes(bundle.Json, "application/json", entityTag: bundle.Tag).ExecuteAsync(http);

        http.Response.Headers.RetryAfter = RetryAfterSeconds;
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }
}
