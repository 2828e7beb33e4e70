using System.Collections.Immutable;
using AspNetSpiffe.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    // Made once: a key costs more than a hundred readings.
    private static readonly ImmutableArray<NamedCertificate> Certificates = MakeCertificates();

    private static readonly Gen<ImmutableArray<NamedCertificate>> CertificateLists =
        from count in Gen.Choose(0, 4)
        from certificates in Gen.Elements(Certificates.AsEnumerable()).ArrayOf(count)
        select certificates.ToImmutableArray();

    public static Arbitrary<DerParts> DerSequences =>
        Arb.From(
            from certificates in CertificateLists
            from anywhere in Gen.Choose(0, int.MaxValue)
            from extra in Gen.OneOf(ExtraBytes, Gen.Choose(1, 8).SelectMany(Bytes))
            select new DerParts(certificates, anywhere, [.. extra]),
            ShrinkDer);

    // A DER value that is no certificate, the start of one, and what somebody may put between or after certificates.
    private static Gen<byte[]> ExtraBytes => Gen.Elements<byte[]>([0], [0x30], [0x30, 0], [0x30, 0x80], [0x05, 0], [0x30, 0x82, 1, 0], [(byte)'\n'], [.. "-----BEGIN CERTIFICATE-----\n"u8]);

    private static IEnumerable<DerParts> ShrinkDer(DerParts parts) =>
        (parts.WithoutFirst() is { } shorter ? [shorter] : Enumerable.Empty<DerParts>())
            .Concat(Shrink.List(parts.Certificates).Select(certificates => parts with { Certificates = certificates, Anywhere = parts.At }))
            .Concat(Shrink.List(parts.Extra).Where(extra => !extra.IsEmpty).Select(extra => parts with { Extra = extra }))
            .Concat(Shrink.Number(parts.At).Select(at => parts with { Anywhere = at }));

    private static ImmutableArray<NamedCertificate> MakeCertificates()
    {
        var pki = new TestPki("td", intermediates: 1);
        return
        [
            new("root", pki.Root.Certificate),
            new("intermediate", pki.Issuer.Certificate),
            new("RSA root", new TestPki("rsa", root: root => root with { Key = KeyKind.Rsa2048 }).Root.Certificate),
            new("leaf", pki.Leaf().Leaf),
            new("P-521 leaf", pki.Leaf(leaf => leaf with { Key = KeyKind.P521 }).Leaf),
            new("Ed25519 leaf", pki.Leaf(leaf => leaf with { Key = KeyKind.Ed25519 }).Leaf),
        ];
    }
}
