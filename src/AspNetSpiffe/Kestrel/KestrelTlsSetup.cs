using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Puts mutual TLS on every https endpoint, however it was configured, and leaves what else the application has set.</summary>
/// <remarks>
/// Runs first, so that <c>UseHttps()</c> in code needs no certificate; last, so that it finds all endpoints in code and the application's defaults, which it
/// takes along to the endpoints of configuration and URLs that come after; and once more, to see that nobody has undone it.
/// </remarks>
internal sealed class KestrelTlsSetup(HttpsSettings settings)
    : IConfigureOptions<KestrelServerOptions>, IPostConfigureOptions<KestrelServerOptions>, IValidateOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options) => KestrelInternals.SetDefaultCertificate(options, settings.Placeholder);

    public void PostConfigure(string? name, KestrelServerOptions options)
    {
        var loader = options.ConfigurationLoader;
        KestrelSection.ThrowIfConflicting(loader?.Configuration);
        var defaults = new Defaults(KestrelInternals.HttpsDefaults(options), KestrelInternals.EndpointDefaults(options), options, settings);
        options.ConfigureHttpsDefaults(defaults.Apply);
        options.ConfigureEndpointDefaults(defaults.Apply);

        // An endpoint in code makes Kestrel read those of the configuration early, before our defaults stood.
        if (loader is not null && KestrelInternals.EndpointsOfConfiguration(options) is { Count: > 0 } early)
        {
            early.Clear();
            KestrelInternals.Reload(loader);
        }

        loader?.Load();
        foreach (var endpoint in EndpointsOf(options)) settings.Secure(endpoint);
        KestrelInternals.SetDefaultCertificate(options, null);
    }

    public ValidateOptionsResult Validate(string? name, KestrelServerOptions options)
    {
        var open = EndpointsOf(options).Where(endpoint => !settings.AreOn(endpoint)).Select(endpoint => $"'{endpoint}'").ToList();
        if (KestrelInternals.HttpsDefaults(options).Target is not Defaults) open.Add("those of configuration and URLs");
        return open.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Something that was registered after UseSpiffeMtls() has replaced the mutual TLS of https endpoints: {string.Join(", ", open)}. " +
                "Move that PostConfigure<KestrelServerOptions>(…) before UseSpiffeMtls(), or use ConfigureKestrel(…) instead.");
    }

    private static IEnumerable<ListenOptions> EndpointsOf(KestrelServerOptions options) =>
        KestrelInternals.EndpointsOfCode(options).Concat(KestrelInternals.EndpointsOfConfiguration(options));

    /// <summary>The application's defaults, and then ours.</summary>
    private sealed class Defaults(
        Action<HttpsConnectionAdapterOptions> ofHttps, Action<ListenOptions> ofEndpoints, KestrelServerOptions options, HttpsSettings settings)
    {
        public void Apply(HttpsConnectionAdapterOptions https)
        {
            // Kestrel reads its configuration again when it changes.
            KestrelSection.ThrowIfConflicting(options.ConfigurationLoader?.Configuration);
            ofHttps(https);
            settings.Secure(https, "ConfigureHttpsDefaults");
        }

        public void Apply(ListenOptions endpoint)
        {
            ofEndpoints(endpoint);
            settings.Secure(endpoint);
        }
    }
}
