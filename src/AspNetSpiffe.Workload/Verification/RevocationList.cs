using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>A certificate revocation list (RFC 5280 §5), parsed strictly: a list with unsupported parts is rejected as a whole.</summary>
/// <remarks>Immutable and thread-safe. The signature is checked once per issuer, later: a list may arrive before any peer presented its issuer.</remarks>
internal sealed class RevocationList
{
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private readonly byte[] _signed;
    private readonly byte[] _signature;
    private readonly string _algorithm;
    private readonly ConcurrentDictionary<Sha256, bool> _isSignedBy = new();
    private FrozenSet<string> _serials = FrozenSet<string>.Empty;

    private RevocationList(byte[] signed, string algorithm, byte[] signature)
    {
        (_signed, _algorithm, _signature) = (signed, algorithm, signature);
        ReadSigned();
    }

    /// <summary>Gets the name of the issuer in DER.</summary>
    public byte[] Issuer { get; private set; } = [];

    /// <summary>Gets the name of the issuer, for a log.</summary>
    public string IssuerName => SpiffeIdProblem.Quote(new X500DistinguishedName(Issuer).Name);

    public DateTimeOffset ThisUpdate { get; private set; }

    /// <summary>Gets the time of the next update, until which the list is current.</summary>
    public DateTimeOffset NextUpdate { get; private set; }

    /// <summary>Gets the CRL number, which increases with each version.</summary>
    public BigInteger Number { get; private set; }

    /// <summary>Gets the number of revoked certificates.</summary>
    public int Count => _serials.Count;

    /// <summary>Gets the key that is known to have signed it, if any.</summary>
    public PublicKey? SignedBy { get; private set; }

    /// <summary>Parses a list in DER or PEM.</summary>
    /// <exception cref="FormatException">It is not a revocation list, or contains something unsupported; the message says what.</exception>
    public static RevocationList Parse(byte[] content)
    {
        try
        {
            var reader = new AsnReader(content is [0x30, ..] ? content : DerOf(content), AsnEncodingRules.DER);
            var list = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            var signed = list.ReadEncodedValue().ToArray();
            var algorithm = list.ReadSequence().ReadObjectIdentifier();
            var signature = list.ReadBitString(out var unused);
            list.ThrowIfNotEmpty();
            return unused == 0 ? new(signed, algorithm, signature) : throw new FormatException("Its signature is not a whole number of bytes.");
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            throw new FormatException($"It is not a certificate revocation list (RFC 5280 §5): {e.Message}", e);
        }
    }

    /// <summary>Returns the serial number of a certificate in the form in which it is looked up.</summary>
    public static string SerialOf(ReadOnlySpan<byte> serial) => Convert.ToHexString(serial.TrimStart((byte)0));

    /// <summary>Determines whether a certificate of its issuer is revoked.</summary>
    public bool Revokes(string serial) => _serials.Contains(serial);

    /// <summary>Determines whether this issuer issued the list: same name and a valid signature.</summary>
    public bool IsOf(CertificateLink link) => link.MaySignLists && Issuer.AsSpan().SequenceEqual(link.Issuer) && IsSignedBy(link.IssuerKey);

    /// <summary>Determines whether a key signed the list.</summary>
    public bool IsSignedBy(PublicKey key)
    {
        var isSigned = _isSignedBy.GetOrAdd(Sha256.Of(key.ExportSubjectPublicKeyInfo()), static (_, asked) => asked.List.Verify(asked.Key), (List: this, Key: key));
        if (isSigned) SignedBy = key;
        return isSigned;
    }

    private static byte[] DerOf(byte[] pem) =>
        PemBlocks.Read(pem) is [{ Label: "X509 CRL", Der: var der }] ? der : throw new FormatException("It is neither DER nor one PEM block 'X509 CRL'.");

    private void ReadSigned()
    {
        var reader = new AsnReader(_signed, AsnEncodingRules.DER).ReadSequence();
        if (reader.PeekTag().HasSameClassAndValue(Asn1Tag.Integer) && reader.ReadInteger() != 1) throw new FormatException("Its version is not 2.");
        if (reader.ReadSequence().ReadObjectIdentifier() != _algorithm) throw new FormatException("It names two different signature algorithms.");
        Issuer = reader.ReadEncodedValue().ToArray();
        ThisUpdate = ReadTime(reader);
        if (!reader.HasData || reader.PeekTag() is var tag && !IsTime(tag)) throw new FormatException("It has no nextUpdate, so it cannot be known whether it is current.");
        NextUpdate = ReadTime(reader);
        if (reader.HasData && reader.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence)) _serials = ReadSerials(reader.ReadSequence()).ToFrozenSet(StringComparer.Ordinal);
        if (!reader.HasData) throw new FormatException("It has no CRL number (RFC 5280 §5.2.3).");
        ReadExtensions(reader.ReadSequence(ExtensionsTag).ReadSequence());
        reader.ThrowIfNotEmpty();
    }

    private static IEnumerable<string> ReadSerials(AsnReader entries)
    {
        while (entries.HasData)
        {
            var entry = entries.ReadSequence();
            yield return SerialOf(entry.ReadIntegerBytes().Span);
            ReadTime(entry);
            if (entry.HasData) RefuseCritical(entry.ReadSequence(), "an entry of it");
            entry.ThrowIfNotEmpty();
        }
    }

    private void ReadExtensions(AsnReader extensions)
    {
        BigInteger? number = null;
        while (extensions.HasData)
            if (ReadExtension(extensions, "it", out var value) == "2.5.29.20")
                number = new AsnReader(value, AsnEncodingRules.DER).ReadInteger();

        Number = number ?? throw new FormatException("It has no CRL number (RFC 5280 §5.2.3).");
    }

    private static void RefuseCritical(AsnReader extensions, string where)
    {
        while (extensions.HasData) ReadExtension(extensions, where, out _);
    }

    // Delta, partial and indirect lists are marked by critical extensions.
    private static string ReadExtension(AsnReader extensions, string where, out byte[] value)
    {
        var extension = extensions.ReadSequence();
        var oid = extension.ReadObjectIdentifier();
        if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
            throw new FormatException($"The critical extension {oid} of {where} is not supported: use a complete list of all certificates of one issuer.");
        value = extension.ReadOctetString();
        extension.ThrowIfNotEmpty();
        return oid;
    }

    private static bool IsTime(Asn1Tag tag) => tag.HasSameClassAndValue(Asn1Tag.UtcTime) || tag.HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader reader) => reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private bool Verify(PublicKey key)
    {
        try
        {
            using var elliptic = key.GetECDsaPublicKey();
            using var rsa = key.GetRSAPublicKey();
            return _algorithm switch
            {
                "1.2.840.10045.4.3.2" => IsBy(elliptic, HashAlgorithmName.SHA256),
                "1.2.840.10045.4.3.3" => IsBy(elliptic, HashAlgorithmName.SHA384),
                "1.2.840.10045.4.3.4" => IsBy(elliptic, HashAlgorithmName.SHA512),
                "1.2.840.113549.1.1.11" => IsBy(rsa, HashAlgorithmName.SHA256),
                "1.2.840.113549.1.1.12" => IsBy(rsa, HashAlgorithmName.SHA384),
                "1.2.840.113549.1.1.13" => IsBy(rsa, HashAlgorithmName.SHA512),
                _ => false,
            };
        }
        catch (CryptographicException)
        {
            // Any exception of the platform means that the signature is invalid.
            return false;
        }
    }

    private bool IsBy(ECDsa? key, HashAlgorithmName hash) => key?.VerifyData(_signed, _signature, hash, DSASignatureFormat.Rfc3279DerSequence) is true;

    private bool IsBy(RSA? key, HashAlgorithmName hash) => key?.VerifyData(_signed, _signature, hash, RSASignaturePadding.Pkcs1) is true;
}
