using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>TLS to servers of the web: our SVID is shown, theirs is an ordinary certificate, good for the name of the host. No SPIFFE ID of the server is verified.</summary>
/// <param name="source">Our SVID.</param>
/// <param name="roots">Who may vouch for the server; <see langword="null"/> means the authorities that this system trusts.</param>
internal sealed class WebServerTls(ITrustSource source, X509Certificate2Collection? roots)
{
    /// <summary>Sets up one handshake, or those of one pool: the certificate is judged by the platform, each time by its clock.</summary>
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

        // Without one, SslStream itself refuses whatever has an error: the chain, the use, the name.
        options.RemoteCertificateValidationCallback = null;
    }

    // No downloads: the addresses stand in a certificate that nobody has verified yet, and TLS has the server send its intermediates (RFC 8446 §4.4.2).
    private X509ChainPolicy CreateChainPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (roots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
