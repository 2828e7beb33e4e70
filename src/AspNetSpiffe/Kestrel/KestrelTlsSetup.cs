using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Puts mutual TLS on every https endpoint, however it was configured.</summary>
/// <remarks>
/// Runs first, because endpoints in code take the defaults of the moment, and last, because the application may set other defaults in between
/// and the endpoints of configuration and URLs come after.
/// </remarks>
internal sealed class KestrelTlsSetup(Handshake handshake) : IConfigureOptions<KestrelServerOptions>, IPostConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options) => options.ConfigureHttpsDefaults(Apply);

    public void PostConfigure(string? name, KestrelServerOptions options)
    {
        KestrelSection.ThrowIfAnonymous(options.ConfigurationLoader?.Configuration);
        options.ConfigureHttpsDefaults(Apply);
    }

    private void Apply(HttpsConnectionAdapterOptions https)
    {
        // Only so that Kestrel asks for no other certificate: OnAuthenticate replaces it by the one with its intermediates.
        https.ServerCertificateSelector = (_, _) => handshake.Leaf;
        https.OnAuthenticate = handshake.Begin;

        // OnAuthenticate asks for the client's certificate, with a callback that knows its connection. This one serves where the application asks too.
        https.ClientCertificateMode = ClientCertificateMode.NoCertificate;
        https.ClientCertificateValidation = handshake.Validate;
    }
}
