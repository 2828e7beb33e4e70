using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace AspNetSpiffe.TestKit;

/// <summary>Turns a <see cref="CertificateSpec"/> into a certificate, and checks nothing.</summary>
internal static class CertificateWriter
{
    private static long _lastSerial;

    /// <summary>Writes a certificate. Without an issuer it is self-signed.</summary>
    public static X509Certificate2 Write(CertificateSpec spec, TestKey key, TestAuthority? issuer)
    {
        var request = new CertificateRequest(new X500DistinguishedName(spec.Subject), key.PublicKey, spec.Hash, RSASignaturePadding.Pkcs1);
        foreach (var extension in ExtensionsOf(spec, key, issuer)) request.CertificateExtensions.Add(extension);

        var issuerName = spec.IssuerName is { } name ? new X500DistinguishedName(name) : issuer?.Certificate.SubjectName ?? request.SubjectName;
        var signer = spec.SignedBy ?? issuer?.Key ?? key;
        var certificate = request.Create(issuerName, signer.Signer, spec.NotBefore, spec.NotAfter, spec.SerialNumber is { } serial ? serial.AsSpan() : NextSerial());
        return SecondExtensions.Unmask(certificate, signer);
    }

    private static IEnumerable<X509Extension> ExtensionsOf(CertificateSpec spec, TestKey key, TestAuthority? issuer)
    {
        if (spec.Ca is { } ca)
            yield return new X509BasicConstraintsExtension(ca, spec.PathLength is not null, spec.PathLength ?? 0, spec.BasicConstraintsCritical);
        if (spec.KeyUsage is { } usage)
            yield return new X509KeyUsageExtension(usage, spec.KeyUsageCritical);
        if (!spec.ExtendedKeyUsages.IsEmpty)
            yield return new X509EnhancedKeyUsageExtension([.. spec.ExtendedKeyUsages.Select(oid => new Oid(oid))], critical: false);

        var sanCritical = spec.SanCritical ?? spec.Subject.Length == 0;
        if (!(spec.Uris.IsEmpty && spec.DnsNames.IsEmpty && spec.IpAddresses.IsEmpty))
            yield return SubjectAltName([.. spec.Uris], [.. spec.DnsNames], [.. spec.IpAddresses], sanCritical);
        if (!spec.UrisOfSecondSan.IsEmpty)
            yield return SecondExtensions.Mask(SubjectAltName([.. spec.UrisOfSecondSan], [], [], sanCritical));

        if (spec.KeyIds) yield return new X509SubjectKeyIdentifierExtension(key.PublicKey, critical: false);
        if (spec.KeyIds && issuer is not null && KeyIdOf(issuer.Certificate) is { } issuerKeyId)
            yield return X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(issuerKeyId);

        if (spec.PermittedUriHost is { } host) yield return NameConstraints(host);
        if (spec.AiaUrl is { } url) yield return new X509AuthorityInformationAccessExtension(null, [url]);
        if (spec.UnknownCriticalExtension) yield return new X509Extension("1.3.6.1.4.1.99999.1", [0x05, 0x00], critical: true);
        foreach (var extension in spec.Extensions) yield return extension;
        foreach (var extension in spec.SecondExtensions) yield return SecondExtensions.Mask(extension);
    }

    // By hand: the framework's builder refuses what a test needs, such as a text that is no URI.
    private static X509Extension SubjectAltName(string[] uris, string[] dnsNames, IPAddress[] addresses, bool critical)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var name in dnsNames) writer.WriteOctetString(Encoding.UTF8.GetBytes(name), GeneralName(2));
            foreach (var uri in uris) writer.WriteOctetString(Encoding.UTF8.GetBytes(uri), GeneralName(6));
            foreach (var address in addresses) writer.WriteOctetString(address.GetAddressBytes(), GeneralName(7));
        }

        return new("2.5.29.17", writer.Encode(), critical);
    }

    private static X509Extension NameConstraints(string permittedUriHost)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(GeneralName(0)))
        using (writer.PushSequence())
            writer.WriteOctetString(Encoding.ASCII.GetBytes(permittedUriHost), GeneralName(6));

        return new("2.5.29.30", writer.Encode(), critical: true);
    }

    private static X509SubjectKeyIdentifierExtension? KeyIdOf(X509Certificate2 issuer) => issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault();

    private static Asn1Tag GeneralName(int number) => new(TagClass.ContextSpecific, number);

    private static byte[] NextSerial()
    {
        var serial = new byte[9];
        serial[0] = 0x5A;
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(serial.AsSpan(1), Interlocked.Increment(ref _lastSerial));
        return serial;
    }
}
