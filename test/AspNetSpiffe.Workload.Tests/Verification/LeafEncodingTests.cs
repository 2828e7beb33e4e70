using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Names and usages written in ways that two parsers may read differently: each is refused.</summary>
public sealed class LeafEncodingTests : VerifierTest
{
    private const string Id = "spiffe://td/workload";

    public static TheoryData<string, string> OddNames => new()
    {
        { "one name, as it should be, for comparison", Hex(Sequence(Uri(Id))) },
        { "a length in more bytes than needed (BER)", Hex([0x30, 0x81, (byte)(Id.Length + 2), .. Uri(Id)]) },
        { "an indefinite length (BER)", Hex([0x30, 0x80, .. Uri(Id), 0x00, 0x00]) },
        { "a name whose length is in more bytes than needed", Hex(Sequence([0x86, 0x81, (byte)Id.Length, .. Ascii(Id)])) },
        { "bytes after the names", Hex([.. Sequence(Uri(Id)), 0x05, 0x00]) },
        { "another list of names after the names", Hex([.. Sequence(Uri(Id)), .. Sequence(Uri("spiffe://td/admin"))]) },
        { "a constructed URI name", Hex(Sequence([0xA6, (byte)(Id.Length + 2), 0x16, (byte)Id.Length, .. Ascii(Id)])) },
        { "a primitive and a constructed URI name", Hex(Sequence([.. Uri(Id), 0xA6, 0x03, 0x16, 0x01, 0x61])) },
        { "a URI name with an end in the middle", Hex(Sequence(Uri("spiffe://td/workload\0.example.org"))) },
        { "a list that is a set", Hex([0x31, .. Sequence(Uri(Id))[1..]]) },
        { "a list that ends within a name", Hex([0x30, (byte)(Id.Length + 2), 0x86, (byte)(Id.Length + 5), .. Ascii(Id)]) },
        { "no list at all", "" },
        { "an empty list", "3000" },
    };

    [Theory, Trait("Trial", "M-11"), Trait("Spec", "XV-b"), MemberData(nameof(OddNames))]
    public void Names_are_read_as_DER_to_their_last_byte(string what, string extension)
    {
        var result = Verify(l => l with { Uris = [], Extensions = [new X509Extension("2.5.29.17", Convert.FromHexString(extension), critical: true)] });
        Assert.Equal(what.Contains("comparison", StringComparison.Ordinal), result.Accepted);
        if (!result.Accepted) Assert.Contains(result.Reason, new[] { RejectionReason.NotOneUriSan, RejectionReason.InvalidSpiffeId });
    }

    [Theory, Trait("Trial", "M-11"), Trait("Spec", "XV-b")]
    [InlineData("spiffe://td/workload")]
    [InlineData("spiffe://td/admin")]
    [InlineData("https://td/workload")]
    public void A_second_extension_of_names_is_refused_whatever_it_says(string second) =>
        AssertRefused(RejectionReason.NotOneUriSan, Verify(l => l with { UrisOfSecondSan = [second] }));

    [Fact, Trait("Trial", "M-11"), Trait("Spec", "XV-b")]
    public void A_second_extension_of_names_without_a_URI_is_refused_too() => AssertRefused(
        RejectionReason.NotOneUriSan, Verify(l => l with { SecondExtensions = [new X509Extension("2.5.29.17", [0x30, 0x03, 0x82, 0x01, 0x61], false)] }));

    [Theory, Trait("Trial", "M-12"), Trait("Spec", "XV-e")]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Of_two_basic_constraints_neither_hides_a_CA(bool first, bool second) => AssertRefused(
        RejectionReason.CaCertificate, Verify(l => l with { Ca = first, SecondExtensions = [new X509BasicConstraintsExtension(second, false, 0, true)] }));

    [Theory, Trait("Trial", "M-12"), Trait("Spec", "XV-f")]
    [InlineData(X509KeyUsageFlags.DigitalSignature, X509KeyUsageFlags.KeyCertSign)]
    [InlineData(X509KeyUsageFlags.KeyCertSign, X509KeyUsageFlags.DigitalSignature)]
    [InlineData(X509KeyUsageFlags.DigitalSignature, X509KeyUsageFlags.CrlSign)]
    [InlineData(X509KeyUsageFlags.CrlSign, X509KeyUsageFlags.DigitalSignature)]
    public void Of_two_key_usages_neither_hides_that_the_leaf_may_sign(X509KeyUsageFlags first, X509KeyUsageFlags second) => AssertRefused(
        RejectionReason.SigningKeyUsage, Verify(l => l with { KeyUsage = first, SecondExtensions = [new X509KeyUsageExtension(second, true)] }));

    [Theory, Trait("Trial", "M-12"), Trait("Spec", "XV-l")]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_two_basic_constraints_neither_makes_an_authority_of_a_leaf_in_a_bundle(bool first)
    {
        var forger = Pki.SelfSignedLeaf(l => l with { Ca = first, SecondExtensions = [new X509BasicConstraintsExtension(!first, false, 0, true)] });
        X509BundleSet bundles = new([X509Bundle.Read(Pki.TrustDomain, TestPki.Der([Pki.Root.Certificate, forger]), out _)]);
        Assert.False(InspectionOracle.Verify(forger, None, bundles, PeerRole.Client, Now).Accepted);
    }

    private static byte[] Uri(string text) => [0x86, (byte)text.Length, .. Ascii(text)];

    private static byte[] Sequence(byte[] content) => [0x30, (byte)content.Length, .. content];

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);
}
