using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The TLS settings of one fetch: they authenticate the configured endpoint, also after a redirect (SPIFFE Federation §5.2.1.4, §5.2.2.4).</summary>
/// <param name="endpoint">The endpoint.</param>
/// <param name="bundle">The newest bundle of the trust domain of the endpoint's ID; <see langword="null"/> in the profile <c>https_web</c>.</param>
/// <param name="time">The clock for validity periods.</param>
internal sealed class EndpointTls(BundleEndpoint endpoint, X509Bundle? bundle, TimeProvider time)
{
    /// <summary>Gets a description of the certificate of the last verified server.</summary>
    public string? Server { get; private set; }

    /// <summary>Gets why the server was rejected last.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Creates the options of the connections: no client certificate, and no downloads from URLs in the server's certificates.</summary>
    public SslClientAuthenticationOptions CreateOptions() => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,

        // A resumed session has the leaf without its intermediates.
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = bundle?.CreateChainPolicy(time.GetUtcNow()) ?? WebPolicy(),
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Verify(certificate as X509Certificate2, chain, errors),
    };

    private X509ChainPolicy WebPolicy()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationTime = time.GetUtcNow().UtcDateTime,
        };
        if (endpoint.Roots.IsEmpty) return policy;

        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var root in endpoint.Roots) policy.CustomTrustStore.Add(root);
        return policy;
    }

    private bool Verify(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Refusal = endpoint.ServerId is { } id ? RefuseSvid(id, certificate, chain) : RefuseWeb(chain, errors);
        Server = Refusal is null ? Describe(certificate!) : null;
        return Refusal is null;
    }

    // Authenticated by SPIFFE ID, not by host name.
    private string? RefuseSvid(SpiffeId expected, X509Certificate2? certificate, X509Chain? chain)
    {
        if (bundle is null) return "no bundle is available to verify it.";
        var result = X509SvidVerifier.VerifyBuilt(certificate, chain, new([bundle]), PeerRole.Server, time.GetUtcNow(), endpoint.Limits);
        if (!result.Accepted) return $"{result.Reason}{(result.Id is { } claimed ? $" (claimed SPIFFE ID '{claimed}')" : "")}. Expected was '{expected}'. See docs/rejections.md#{result.Reason.ToString().ToLowerInvariant()}.";
        return result.Id == expected ? null : $"it is '{result.Id}'. Expected was '{expected}'.";
    }

    private static string? RefuseWeb(X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return null;
        var statuses = chain?.ChainStatus.Select(status => status.Status.ToString()).Distinct().ToArray() ?? [];
        return $"{errors}{(statuses.Length == 0 ? "" : $" ({string.Join(", ", statuses)})")}. Its certificate must be for the host in the URL, and issued by a CA that this machine trusts or that 'RootsFile' contains.";
    }

    private string Describe(X509Certificate2 certificate) =>
        $"{(endpoint.ServerId is { } id ? $"the SVID of '{id}'" : "the certificate of its host")}, SHA-256 {certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256)}";
}
