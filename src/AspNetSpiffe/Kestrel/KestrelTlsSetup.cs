using Microsoft.AspNetCore.Server.Kestrel;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Applies the mode to every https endpoint, however it was configured: mutual TLS, unless another is configured. Keeps all other settings of the application.</summary>
/// <remarks>
/// Runs as the first configuration, so that <c>UseHttps()</c> in code needs no certificate; as the last, so that it finds all endpoints in code and the application's defaults, which it
/// applies to the later endpoints of configuration and URLs; and as validation, to detect that other code has replaced it.
/// </remarks>
internal sealed class KestrelTlsSetup(HttpsSettings settings, EndpointModes modes)
    : IConfigureOptions<KestrelServerOptions>, IPostConfigureOptions<KestrelServerOptions>, IValidateOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options) => KestrelInternals.SetDefaultCertificate(options, settings.Placeholder);

    public void PostConfigure(string? name, KestrelServerOptions options)
    {
        var loader = options.ConfigurationLoader;
        modes.RequireEndpoints(loader?.Configuration);
        ThrowIfConflicting(options, modes);
        var defaults = new Defaults(KestrelInternals.HttpsDefaults(options), KestrelInternals.EndpointDefaults(options), options, settings, modes);
        options.ConfigureHttpsDefaults(defaults.Apply);
        options.ConfigureEndpointDefaults(defaults.Apply);

        // Removes the placeholder: from here on, an endpoint without our SVID needs its own certificate.
        KestrelInternals.SetDefaultCertificate(options, null);
        if (loader is not null) Load(loader, new NamedEndpoints(options, settings));
        foreach (var endpoint in EndpointsOf(options))
        {
            settings.Secure(endpoint);
            if (KestrelInternals.HttpsOptions(endpoint) is { } https && HttpsSettings.ModeOf(https) == SpiffeServerMode.WebCertificate) RequireCertificate(options, https, $"{endpoint}");
        }
    }

    public ValidateOptionsResult Validate(string? name, KestrelServerOptions options)
    {
        var open = EndpointsOf(options).Where(endpoint => !settings.AreOn(endpoint)).Select(endpoint => $"'{endpoint}'").ToList();
        if (KestrelInternals.HttpsDefaults(options).Target is not Defaults) open.Add("those of configuration and URLs");
        return open.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Options that were registered after UseSpiffeMtls() have replaced the mutual TLS of https endpoints: {string.Join(", ", open)}. " +
                "Move that PostConfigure<KestrelServerOptions>(…) before UseSpiffeMtls(), or use ConfigureKestrel(…) instead.");
    }

    private void Load(KestrelConfigurationLoader loader, NamedEndpoints named)
    {
        foreach (var (name, mode) in modes.Named) loader.Endpoint(name, named.ActionFor(KestrelInternals.NamedEndpoints(loader).TryGetValue(name, out var others) ? others : null, name, mode));

        // An endpoint in code makes Kestrel load those of the configuration early, before our defaults are set.
        if (KestrelInternals.EndpointsOfConfiguration(loader.Options) is { Count: > 0 } early)
        {
            early.Clear();
            KestrelInternals.Reload(loader);
        }

        loader.Load();
    }

    private static void ThrowIfConflicting(KestrelServerOptions options, EndpointModes modes) => KestrelSection.ThrowIfConflicting(
        options.ConfigurationLoader?.Configuration,
        modes,
        showsDefault: KestrelInternals.EndpointsOfCode(options).Any(endpoint => KestrelInternals.HttpsOptions(endpoint) is { } https && HttpsSettings.ModeOf(https) == SpiffeServerMode.WebCertificate));

    // Only a configured certificate: Kestrel itself would also look for the developer certificate.
    private static void GiveDefaultCertificate(KestrelServerOptions options, HttpsConnectionAdapterOptions https)
    {
        if (https.ServerCertificate is not null || https.ServerCertificateSelector is not null || options.ConfigurationLoader is not { } loader) return;
        https.ServerCertificate = KestrelInternals.DefaultCertificate(loader);
        https.ServerCertificateChain = KestrelInternals.DefaultCertificateChain(loader);
    }

    private static void RequireCertificate(KestrelServerOptions options, HttpsConnectionAdapterOptions https, string where)
    {
        GiveDefaultCertificate(options, https);
        if (https.ServerCertificate is null && https.ServerCertificateSelector is null)
            throw new InvalidOperationException(
                $"The endpoint '{where}' has the mode {SpiffeServerMode.WebCertificate}, but no certificate. Set one as for any endpoint of Kestrel: 'Certificate' of the endpoint or " +
                "'Kestrel:Certificates:Default' in the configuration, ServerCertificate or ServerCertificateSelector in code.");
    }

    private static IEnumerable<ListenOptions> EndpointsOf(KestrelServerOptions options) =>
        KestrelInternals.EndpointsOfCode(options).Concat(KestrelInternals.EndpointsOfConfiguration(options));

    /// <summary>Applies the application's defaults, and then ours.</summary>
    private sealed class Defaults(
        Action<HttpsConnectionAdapterOptions> ofHttps, Action<ListenOptions> ofEndpoints, KestrelServerOptions options, HttpsSettings settings, EndpointModes modes)
    {
        public void Apply(HttpsConnectionAdapterOptions https)
        {
            // Called again when Kestrel reloads its configuration.
            ThrowIfConflicting(options, modes);
            ofHttps(https);
            settings.Secure(https, "ConfigureHttpsDefaults", SpiffeServerMode.Mutual);
        }

        public void Apply(ListenOptions endpoint)
        {
            ofEndpoints(endpoint);
            settings.Secure(endpoint);
        }
    }
    /// <summary>Applies the application's callback for an endpoint of the configuration, and then its mode; also when Kestrel reloads the endpoint.</summary>
    private sealed class NamedEndpoints(KestrelServerOptions options, HttpsSettings settings)
    {
        public Action<EndpointConfiguration> ActionFor(Action<EndpointConfiguration>? others, string name, SpiffeServerMode mode) => endpoint =>
        {
            others?.Invoke(endpoint);
            if (!endpoint.IsHttps || KestrelInternals.CallbackOptions(endpoint.ListenOptions) is not null || KestrelInternals.HttpsOptions(endpoint.ListenOptions) is not null)
                throw new InvalidOperationException(
                    $"{SectionReader.PathOf(EndpointModes.KeyOf(name))}: cannot be applied, because the endpoint {(endpoint.IsHttps ? "has TLS that code has configured" : "is not an https endpoint")}. Remove the key, or correct the endpoint.");
            settings.Secure(endpoint.HttpsOptions, name, mode);

            // Without a certificate Kestrel itself fails, unless each name of the section Sni has one.
            if (mode == SpiffeServerMode.WebCertificate) GiveDefaultCertificate(options, endpoint.HttpsOptions);
        };
    }
}
