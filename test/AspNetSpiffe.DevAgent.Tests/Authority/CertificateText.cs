using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.AgentTests;

/// <summary>What an ASN.1 reader sees in a certificate: extensions and names, without the project's own code.</summary>
internal sealed class CertificateText
{
    private readonly Dictionary<string, (bool Critical, ReadOnlyMemory<byte> Value)> _extensions = [];

    public CertificateText(X509Certificate2 certificate)
    {
        var tbs = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        tbs.ReadEncodedValue();                      // version
        SerialNumber = tbs.ReadIntegerBytes();
        tbs.ReadEncodedValue();                      // signature algorithm
        tbs.ReadEncodedValue();                      // issuer
        tbs.ReadEncodedValue();                      // validity
        Subject = tbs.ReadEncodedValue();
        tbs.ReadEncodedValue();                      // public key
        var extensions = tbs.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3)).ReadSequence();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var oid = extension.ReadObjectIdentifier();
            var critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            _extensions.Add(oid, (critical, extension.ReadOctetString()));
        }
    }

    public ReadOnlyMemory<byte> SerialNumber { get; }

    public ReadOnlyMemory<byte> Subject { get; }

    public bool Has(string oid) => _extensions.ContainsKey(oid);

    public bool IsCritical(string oid) => _extensions[oid].Critical;

    public string[] Uris => Names(6);

    public string[] DnsNames => Names(2);

    /// <summary>cA, and the path length limit.</summary>
    public (bool Authority, int? PathLength) BasicConstraints
    {
        get
        {
            var constraints = Reader("2.5.29.19").ReadSequence();
            var authority = constraints.HasData && constraints.ReadBoolean();
            return (authority, constraints.HasData ? (int)constraints.ReadInteger() : null);
        }
    }

    /// <summary>The key usage bits that are set: 0 digitalSignature, 2 keyEncipherment, 4 keyAgreement, 5 keyCertSign, 6 cRLSign.</summary>
    public int[] KeyUsage
    {
        get
        {
            var bits = Reader("2.5.29.15").ReadBitString(out _);
            return [.. Enumerable.Range(0, bits.Length * 8).Where(i => (bits[i / 8] & 0x80 >> i % 8) != 0)];
        }
    }

    public string[] ExtendedKeyUsage
    {
        get
        {
            var usages = Reader("2.5.29.37").ReadSequence();
            var oids = new List<string>();
            while (usages.HasData) oids.Add(usages.ReadObjectIdentifier());
            return [.. oids];
        }
    }

    private string[] Names(int tag)
    {
        var names = Reader("2.5.29.17").ReadSequence();
        var found = new List<string>();
        while (names.HasData)
        {
            var expected = new Asn1Tag(TagClass.ContextSpecific, tag);
            if (names.PeekTag() == expected) found.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, expected));
            else names.ReadEncodedValue();
        }

        return [.. found];
    }

    private AsnReader Reader(string oid) => new(_extensions[oid].Value, AsnEncodingRules.DER);
}
