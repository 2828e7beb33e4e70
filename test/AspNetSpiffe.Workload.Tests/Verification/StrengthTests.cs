using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>The floor for keys and signatures, for every certificate of a path.</summary>
[Trait("Spec", "XV-t")]
public sealed class StrengthTests : VerifierTest
{
    public enum Place
    {
        Leaf,
        Intermediate,
        Root,
    }

    [Theory, Trait("Trial", "H-11")]
    [InlineData(Place.Leaf, KeyKind.Rsa1024)]
    [InlineData(Place.Leaf, KeyKind.Rsa512)]
    [InlineData(Place.Leaf, KeyKind.Secp160R1)]
    [InlineData(Place.Leaf, KeyKind.BrainpoolP256)]
    [InlineData(Place.Intermediate, KeyKind.Rsa1024)]
    [InlineData(Place.Intermediate, KeyKind.Rsa512)]
    [InlineData(Place.Intermediate, KeyKind.Secp160R1)]
    [InlineData(Place.Root, KeyKind.Rsa1024)]
    [InlineData(Place.Root, KeyKind.Rsa512)]
    [InlineData(Place.Root, KeyKind.Secp160R1)]
    public void A_weak_key_is_refused_wherever_it_stands(Place place, KeyKind kind)
    {
        var (svid, bundles) = Chain(place, spec => spec with { Key = kind });
        AssertRefused(RejectionReason.WeakKey, Verify(svid, bundles: bundles));
    }

    [Theory]
    [InlineData(Place.Leaf, KeyKind.Rsa2048)]
    [InlineData(Place.Leaf, KeyKind.P384)]
    [InlineData(Place.Leaf, KeyKind.P521)]
    [InlineData(Place.Leaf, KeyKind.Ed25519)]
    [InlineData(Place.Intermediate, KeyKind.Rsa2048)]
    [InlineData(Place.Intermediate, KeyKind.P384)]
    [InlineData(Place.Root, KeyKind.Rsa2048)]
    [InlineData(Place.Root, KeyKind.P521)]
    public void A_strong_key_is_accepted_wherever_it_stands(Place place, KeyKind kind)
    {
        var (svid, bundles) = Chain(place, spec => spec with { Key = kind });
        AssertAccepted(Verify(svid, bundles: bundles));
    }

    [Theory, Trait("Trial", "H-11"), Trait("Trial", "A-04")]
    [InlineData(Place.Leaf, KeyKind.Rsa2048, "MD5")]
    [InlineData(Place.Leaf, KeyKind.Rsa2048, "SHA1")]
    [InlineData(Place.Leaf, KeyKind.P256, "SHA1")]
    [InlineData(Place.Intermediate, KeyKind.Rsa2048, "MD5")]
    [InlineData(Place.Intermediate, KeyKind.Rsa2048, "SHA1")]
    [InlineData(Place.Intermediate, KeyKind.P256, "SHA1")]
    public void A_signature_with_a_weak_hash_is_refused(Place place, KeyKind issuerKey, string hash)
    {
        var root = Pki.CreateRoot(r => r with { Key = issuerKey });
        var intermediate = root.Intermediate(i => i with { Key = issuerKey, Hash = place == Place.Intermediate ? new(hash) : i.Hash });
        var svid = intermediate.Leaf(l => l with { Hash = place == Place.Leaf ? new(hash) : l.Hash });
        AssertRefused(RejectionReason.WeakSignature, Verify(svid, bundles: new([new X509Bundle(Pki.TrustDomain, [root.Certificate])])));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void A_signature_of_RSASSA_PSS_is_as_strong_as_its_hash(byte hash, bool isStrong)
    {
        using var key = RSA.Create(2048);
        using var sha256 = new CertificateRequest("CN=PSS", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pss).CreateSelfSigned(Now.AddHours(-1), Now.AddHours(1));

        // The hashes of NIST differ in their last number: SHA-256, SHA-384, SHA-512, SHA-224.
        var der = sha256.RawData;
        ReadOnlySpan<byte> nist = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
        for (var i = 0; i < der.Length - nist.Length; i++)
            if (der.AsSpan(i, nist.Length).SequenceEqual(nist))
                der[i + nist.Length] = hash;

        using var certificate = X509CertificateLoader.LoadCertificate(der);
        Assert.Equal(isStrong, CertificateStrength.HasStrongSignature(certificate));
    }

    [Theory]
    [InlineData("MD5")]
    [InlineData("SHA1")]
    public void A_self_signed_authority_is_trusted_whatever_its_own_signature(string hash)
    {
        var root = Pki.CreateRoot(r => r with { Key = KeyKind.Rsa2048, Hash = new(hash) });
        AssertAccepted(Verify(root.Leaf(), bundles: new([new X509Bundle(Pki.TrustDomain, [root.Certificate])])));
    }

    [Fact, Trait("Trial", "H-11")]
    public void An_authority_that_is_not_self_signed_has_a_strong_signature()
    {
        var root = Pki.CreateRoot(r => r with { Key = KeyKind.Rsa2048 });
        var authority = root.Intermediate(i => i with { Hash = HashAlgorithmName.SHA1 });
        AssertRefused(RejectionReason.WeakSignature, Verify(authority.Leaf(), bundles: new([new X509Bundle(Pki.TrustDomain, [authority.Certificate])])));
    }

    [Fact, Trait("Trial", "H-11"), Trait("Spec", "XL-05")]
    public void Our_own_SVID_has_the_same_floor()
    {
        var response = Pki.Response(Pki.Leaf(l => l with { Key = KeyKind.Rsa1024 }));
        Assert.Contains("WeakKey", Assert.Throws<FormatException>(() => new X509ContextReader(TimeProvider.System, new()).Read(response)).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "H-15"), Trait("Spec", "XV-s")]
    public void Keys_that_make_verification_dear_are_refused_before_a_chain_is_built()
    {
        var slow = Pki.Root.Intermediate(i => i with { Key = KeyKind.RsaLongExponent });
        var svid = Pki.Leaf();
        Assert.Equal(0, ChainBuilds.Of(() => AssertRefused(
            RejectionReason.TooLarge, X509SvidVerifier.Verify(svid.Leaf, [.. svid.Intermediates, slow.Certificate], Bundles, PeerRole.Client, Now))));
    }

    [Fact, Trait("Trial", "H-22")]
    public void A_key_that_cannot_be_measured_counts_as_too_large()
    {
        // Its modulus, an INTEGER, becomes an OCTET STRING.
        var der = Pki.Root.Intermediate(i => i with { Key = KeyKind.Rsa2048 }).Certificate.RawData;
        der[der.AsSpan().IndexOf((byte[])[0x02, 0x82, 0x01, 0x01, 0x00])] = 0x04;
        var odd = X509CertificateLoader.LoadCertificate(der);
        var svid = Pki.Leaf();
        Assert.Equal(0, ChainBuilds.Of(() => AssertRefused(
            RejectionReason.TooLarge, X509SvidVerifier.Verify(svid.Leaf, [.. svid.Intermediates, odd], Bundles, PeerRole.Client, Now))));
    }

    [Fact, Trait("Trial", "H-15"), Trait("Spec", "XV-s")]
    public void Certificates_that_are_too_many_are_refused_before_a_chain_is_built()
    {
        var svid = Pki.Leaf();
        Assert.Equal(0, ChainBuilds.Of(() => AssertRefused(
            RejectionReason.TooLarge, X509SvidVerifier.Verify(svid.Leaf, [.. Enumerable.Repeat(svid.Intermediates[0], 67)], Bundles, PeerRole.Client, Now))));
    }

    private (TestSvid Svid, X509BundleSet Bundles) Chain(Place place, Func<CertificateSpec, CertificateSpec> change)
    {
        CertificateSpec Change(CertificateSpec spec, Place here) => here == place ? change(spec) : spec;
        var root = Pki.CreateRoot(r => Change(r, Place.Root));
        var svid = root.Intermediate(i => Change(i, Place.Intermediate)).Leaf(l => Change(l, Place.Leaf));
        return (svid, new([new X509Bundle(Pki.TrustDomain, [root.Certificate])]));
    }
}
