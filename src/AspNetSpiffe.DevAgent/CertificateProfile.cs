using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>The contents of issued certificates: every requirement on issuers in X509-SVID §§2-4.</summary>
internal static class CertificateProfile
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    private const string SubjectAltName = "2.5.29.17";
    private const string Organization = "AspNetSpiffe development";

    private static readonly Asn1Tag DnsTag = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag UriTag = new(TagClass.ContextSpecific, 6);

    /// <summary>Creates the request of a signing certificate: X509-SVID §3.2 (its ID has no path), §4.1 (cA) and §4.3 (keyCertSign, critical).</summary>
    public static CertificateRequest Signing(TrustDomain trustDomain, ECDsa key, string role, int? pathLength)
    {
        // A unique subject name, so that a chain is never built to another authority of the same name.
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(Organization);
        name.AddCommonName($"{role} {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");

        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        Add(request, isAuthority: true, pathLength, X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, trustDomain.Id, dnsNames: []);
        return request;
    }

    /// <summary>Creates the request of a leaf certificate: X509-SVID §3.1, §4.1 (not cA), §4.3 (digitalSignature only) and §4.4 (both roles).</summary>
    public static CertificateRequest Leaf(SpiffeId id, PublicKey key, IEnumerable<string> dnsNames)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(Organization);

        var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
        Add(request, isAuthority: false, pathLength: null, X509KeyUsageFlags.DigitalSignature, id, dnsNames);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuth), new Oid(ClientAuth)], critical: false));
        return request;
    }

    /// <summary>Signs a certificate; without an issuer it is self-signed.</summary>
    public static X509Certificate2 Sign(CertificateRequest request, ECDsa issuerKey, X509Certificate2? issuer, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        if (issuer is not null)
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));

        return request.Create(issuer?.SubjectName ?? request.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), notBefore, notAfter, NewSerialNumber());
    }

    private static void Add(CertificateRequest request, bool isAuthority, int? pathLength, X509KeyUsageFlags usages, SpiffeId id, IEnumerable<string> dnsNames)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, pathLength.HasValue, pathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usages, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(new X509Extension(new Oid(SubjectAltName), EncodeNames(id, dnsNames), critical: false));
    }

    // SubjectAlternativeNameBuilder requires a System.Uri, which normalises IDs.
    private static byte[] EncodeNames(SpiffeId id, IEnumerable<string> dnsNames)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, id.ToString(), UriTag);
            foreach (var name in dnsNames) writer.WriteCharacterString(UniversalTagNumber.IA5String, name, DnsTag);
        }

        return writer.Encode();
    }

    private static byte[] NewSerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);

        // Positive, and always 16 bytes long.
        serial[0] = (byte)(serial[0] & 0x3F | 0x40);
        return serial;
    }
}
