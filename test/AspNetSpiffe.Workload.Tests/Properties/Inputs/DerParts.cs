using System.Collections.Immutable;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>Certificates one after the other, a place among their bytes, and bytes that belong to none.</summary>
internal sealed record DerParts(ImmutableArray<NamedCertificate> Certificates, int Anywhere, ImmutableArray<byte> Extra)
{
    public byte[] Der => TestPki.Der(Certificates.Select(certificate => certificate.Certificate));

    /// <summary>Gets the place: the number of bytes before it, from none to all.</summary>
    public int At => Anywhere % (Der.Length + 1);

    /// <summary>Gives the same place in the same certificate, without the first one; null when the place is there.</summary>
    public DerParts? WithoutFirst() =>
        !Certificates.IsEmpty && Certificates[0].Certificate.RawDataMemory.Length is var length && At >= length ? this with { Certificates = Certificates.RemoveAt(0), Anywhere = At - length } : null;

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

    // With all bytes: the certificates are others in each run.
    public override string ToString() => $"[{string.Join(", ", Certificates)}] of {Der.Length} bytes, at byte {At}, extra {Convert.ToHexString(Extra.AsSpan())}: {Convert.ToBase64String(Der)}";
}
