using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>A root or an intermediate, which signs anything.</summary>
public sealed class TestAuthority
{
    internal TestAuthority(TrustDomain trustDomain, CertificateSpec spec, TestAuthority? issuer)
    {
        TrustDomain = trustDomain;
        Issuer = issuer;
        Key = spec.WithKey ?? TestKey.Create(spec.Key);
        Certificate = CertificateWriter.Write(spec, Key, issuer);
    }

    /// <summary>Gets the trust domain that it signs for.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Gets the authority above; null for a root.</summary>
    public TestAuthority? Issuer { get; }

    /// <summary>Gets the certificate, without its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Gets the key that it signs with.</summary>
    public TestKey Key { get; }

    /// <summary>Gets what a leaf of this authority sends along: this one and those above it, without the root.</summary>
    public ImmutableArray<X509Certificate2> Intermediates => Issuer is null ? [] : [Certificate, .. Issuer.Intermediates];

    /// <summary>Creates an authority below this one.</summary>
    public TestAuthority Intermediate(Func<CertificateSpec, CertificateSpec>? change = null) =>
        new(TrustDomain, Change(TestPki.AuthoritySpec(TrustDomain, "intermediate"), change), this);

    /// <summary>Issues a leaf: a valid X509-SVID for <c>/workload</c>, unless the change says otherwise.</summary>
    public TestSvid Leaf(Func<CertificateSpec, CertificateSpec>? change = null)
    {
        var valid = new CertificateSpec { Uris = [$"{TrustDomain.Id}/workload"], ExtendedKeyUsages = [CertificateSpec.ServerAuth, CertificateSpec.ClientAuth] };
        var spec = Change(valid, change);
        return new(spec, this);
    }

    /// <summary>Issues a valid X509-SVID for a path, for example <c>/ns/shop/sa/cart</c>.</summary>
    public TestSvid Leaf(string path) => Leaf(l => l with { Uris = [$"{TrustDomain.Id}{path}"] });

    internal static CertificateSpec Change(CertificateSpec spec, Func<CertificateSpec, CertificateSpec>? change) => change is null ? spec : change(spec);
}
