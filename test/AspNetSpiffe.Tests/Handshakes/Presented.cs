using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>The certificates that a peer shows who knows nothing of SPIFFE and believes everybody: any leaf, any intermediates, right or wrong.</summary>
internal sealed record Presented(X509Certificate2 Leaf, params X509Certificate2[] Intermediates)
{
    // It neither follows the URLs in the certificates of the other end, nor cares who signed them.
    private static readonly X509ChainPolicy NoDownloads = new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };

    public Presented(TestSvid svid) : this(svid.Leaf, [.. svid.Intermediates])
    {
    }

    private SslStreamCertificateContext Context => field ??= SslStreamCertificateContext.Create(Leaf, [.. Intermediates], offline: true);

    /// <summary>Gives the options of a client; the same options for two handshakes allow it to resume.</summary>
    public SslClientAuthenticationOptions ToClientOptions(SslProtocols protocols = SslProtocols.None) => new()
    {
        ClientCertificateContext = Context,
        EnabledSslProtocols = protocols,
        CertificateChainPolicy = NoDownloads,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };

    /// <summary>Gives the options of a server that asks for a certificate.</summary>
    public SslServerAuthenticationOptions ToServerOptions(SslProtocols protocols = SslProtocols.None) => new()
    {
        ServerCertificateContext = Context,
        EnabledSslProtocols = protocols,
        ClientCertificateRequired = true,
        CertificateChainPolicy = NoDownloads,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
}
