using System.Security.Cryptography;
using AspNetSpiffe.TestKit;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Files;

public sealed class PemTests
{
    private static readonly TestPki Pki = new("example.org", intermediates: 1);
    private static readonly TestSvid Svid = Pki.Leaf("/workload");
    private static readonly string Chain = SvidFolder.ChainOf(Svid);
    private static readonly string Key = SvidFolder.KeyOf(Svid);

    [Fact]
    public void An_SVID_is_read_with_its_intermediates_and_its_key()
    {
        var svid = X509Svid.CreateFromPem(Chain, Key, "main");
        Assert.Equal(("spiffe://example.org/workload", "main"), (svid.Id.ToString(), svid.Hint));
        Assert.Equal(Svid.Leaf.RawData, svid.Leaf.RawData);
        Assert.Equal(Pki.Issuer.Certificate.RawData, Assert.Single(svid.Intermediates).RawData);
        Assert.True(svid.Leaf.HasPrivateKey);
    }

    [Fact]
    public void Key_and_chain_may_stand_in_one_text_with_comments_between() =>
        Assert.Equal(Svid.Leaf.RawData, X509Svid.CreateFromPem($"subject=x\n{Key}issuer=y\n{Chain}end\n", $"{Chain}\n# the key\n{Key}").Leaf.RawData);

    [Fact]
    public void The_keys_that_openssl_wrote_before_are_read_too()
    {
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        Assert.Equal(elliptic.ExportPkcs8PrivateKey(), KeyPem.ReadPkcs8(System.Text.Encoding.UTF8.GetBytes(elliptic.ExportECPrivateKeyPem())));
        Assert.Equal(rsa.ExportPkcs8PrivateKey(), KeyPem.ReadPkcs8(System.Text.Encoding.UTF8.GetBytes(rsa.ExportRSAPrivateKeyPem())));
    }

    [Fact]
    public void What_is_wrong_with_a_key_is_said_and_nothing_of_the_key()
    {
        using var elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encrypted = elliptic.ExportEncryptedPkcs8PrivateKeyPem("x", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1));
        Assert.Equal("Its private key is encrypted. Store it without a password ('openssl pkey'), readable by this service only.", Refuse(Chain, encrypted));
        Assert.Equal("It must contain one private key, but contains 2.", Refuse(Chain, Key + Key));
        Assert.Equal("It must contain one private key, but contains 0.", Refuse(Chain, Chain));
        Assert.Equal("It contains a block 'EC PARAMETERS', which is neither a certificate nor a key.", Refuse(Chain, PemEncoding.WriteString("EC PARAMETERS", [5, 0]) + "\n" + Key));
        Assert.Equal("Its private key is of the kind 'OPENSSH PRIVATE KEY'. Convert it to PKCS#8, for example with 'openssl pkey'.", Refuse(Chain, PemEncoding.WriteString("OPENSSH PRIVATE KEY", [5, 0])));
        Assert.Equal("Its private key cannot be read.", Refuse(Chain, PemEncoding.WriteString("EC PRIVATE KEY", [5, 0])));
        Assert.Contains("it belongs to another public key", Refuse(Chain, elliptic.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_certificates_is_said()
    {
        Assert.Equal("It contains no PEM block 'CERTIFICATE'.", Refuse("", Key));
        Assert.Equal("It contains a block 'X509 CRL', which is neither a certificate nor a key.", Refuse(PemEncoding.WriteString("X509 CRL", [5, 0]), Key));
        Assert.Equal("There is no DER certificate at byte 0 of 2.", Refuse(PemEncoding.WriteString("CERTIFICATE", [5, 0]), Key));
        Assert.Contains("is not a CA that may sign certificates", Refuse(Chain + SvidFolder.Pem(Pki.Leaf("/other").Leaf), Key), StringComparison.Ordinal);
        Assert.Equal("'spiffe://example.org' names a trust domain, not a workload.", Refuse(SvidFolder.Pem(Pki.Root.Certificate), Key));
        Assert.Equal("The bundle of 'example.org' has a certificate that is not a CA.", Assert.Throws<FormatException>(() => X509Bundle.CreateFromPem(Pki.TrustDomain, Chain)).Message);
    }

    [Fact]
    public void A_bundle_is_read_from_PEM() => Assert.Equal(Pki.Bundle, X509Bundle.CreateFromPem(Pki.TrustDomain, SvidFolder.Pem(Pki.Root.Certificate)));

    [Property]
    public bool A_text_that_is_cut_off_anywhere_is_refused_or_ends_with_a_whole_block(ushort at)
    {
        var part = Chain[..(at % Chain.Length)];
        try
        {
            return TestPki.Der([Svid.Leaf, Pki.Issuer.Certificate]).AsSpan().StartsWith(PemBlocks.ReadCertificates(System.Text.Encoding.UTF8.GetBytes(part)))
                && part.TrimEnd().EndsWith("-----END CERTIFICATE-----", StringComparison.Ordinal);
        }
        catch (FormatException)
        {
            return !part.TrimEnd().EndsWith("-----END CERTIFICATE-----", StringComparison.Ordinal);
        }
    }

    private static string Refuse(string certificates, string key) => Assert.Throws<FormatException>(() => X509Svid.CreateFromPem(certificates, key)).Message;
}
