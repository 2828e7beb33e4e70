using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>TLS to servers with a Web PKI certificate: our SVID is presented, and the server is verified by its host name. No SPIFFE ID of the server is verified.</summary>
/// <param name="source">Our SVID.</param>
/// <param name="roots">The trusted roots for the server; <see langword="null"/> means those that this system trusts.</param>
internal sealed class WebServerTls(ITrustSource source, X509Certificate2Collection? roots)
{
    /// <summary>Configures one handshake, or those of one pool: the platform verifies the certificate, with its own clock.</summary>
    /// <exception cref="AuthenticationException">We have no SVID, or it has expired.</exception>
    public void Configure(SslClientAuthenticationOptions options)
    {
        options.ClientCertificates = null;
        options.LocalCertificateSelectionCallback = null;
        options.ClientCertificateContext = source.RequireValid().Svid!.CertificateContext;
        options.CertificateChainPolicy = CreateChainPolicy();
        options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
        options.AllowTlsResume = false;
        options.AllowRenegotiation = false;

        // Without a callback, SslStream rejects every error of the chain, the key usage or the host name.
        options.RemoteCertificateValidationCallback = null;
    }

    // No downloads: the URLs are in a certificate that is not verified yet, and in TLS the server sends its intermediates (RFC 8446 §4.4.2).
    private X509ChainPolicy CreateChainPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (roots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
