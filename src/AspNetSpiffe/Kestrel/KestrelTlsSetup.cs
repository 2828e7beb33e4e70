using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Puts mutual TLS on every https endpoint, however it was configured.</summary>
/// <remarks>A PostConfigure: an application that calls ConfigureHttpsDefaults itself cannot switch it off by accident.</remarks>
internal sealed class KestrelTlsSetup(X509Source source, Handshake handshake) : IPostConfigureOptions<KestrelServerOptions>
{
    public void PostConfigure(string? name, KestrelServerOptions options)
    {
        KestrelSection.ThrowIfAnonymous(options.ConfigurationLoader?.Configuration);
        options.ConfigureHttpsDefaults(Apply);
    }

    private void Apply(HttpsConnectionAdapterOptions https)
    {
        // Only so that Kestrel asks for no other certificate: OnAuthenticate replaces it by the one with its intermediates.
        https.ServerCertificateSelector = (_, _) => source.Current?.DefaultSvid.Leaf;
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = handshake.Validate;
        https.OnAuthenticate = handshake.Begin;
    }
}
