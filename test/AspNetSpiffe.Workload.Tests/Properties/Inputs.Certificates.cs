using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
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
        Shrink.List(parts.Certificates).Select(certificates => parts with { Certificates = certificates })
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

/// <summary>A certificate that a failure can name.</summary>
internal sealed record NamedCertificate(string Name, X509Certificate2 Certificate)
{
    public bool IsCa => Certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority;

    public override string ToString() => Name;
}

/// <summary>Certificates one after the other, a place among their bytes, and bytes that belong to none.</summary>
internal sealed record DerParts(ImmutableArray<NamedCertificate> Certificates, int Anywhere, ImmutableArray<byte> Extra)
{
    public byte[] Der => TestPki.Der(Certificates.Select(certificate => certificate.Certificate));

    /// <summary>Gets the place: the number of bytes before it, from none to all.</summary>
    public int At => Anywhere % (Der.Length + 1);

    public byte[] Truncated => Der[..At];

    public byte[] WithExtraInside => [.. Der[..At], .. Extra, .. Der[At..]];

    public byte[] WithExtraAtTheEnd => [.. Der, .. Extra];

    public byte[] WithAnotherByte => [.. Der[..At], .. Der.Skip(At).Take(1).Select(b => (byte)(b ^ (Extra[0] | 1))), .. Der.Skip(At + 1)];

    /// <summary>Gives how many certificates end at the place or before it; null when it is within one.</summary>
    public int? WholeBefore()
    {
        var (at, whole, end) = (At, 0, 0);
        while (end < at) end += Certificates[whole++].Certificate.RawData.Length;
        return end == at ? whole : null;
    }

    public override string ToString() => $"[{string.Join(", ", Certificates)}] of {Der.Length} bytes, at byte {At}, extra {Convert.ToHexString(Extra.AsSpan())}";
}
