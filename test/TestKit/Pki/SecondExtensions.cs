using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.TestKit;

/// <summary>Puts two extensions of one kind into a certificate, which the framework's writer refuses: the second goes in under another number and is renamed after.</summary>
internal static class SecondExtensions
{
    // 2.5.29.17 and its like are 06 03 55 1D 11; 1.2.3 in place of 2.5.29 has the same length and no meaning.
    private static readonly byte[] Real = [0x06, 0x03, 0x55, 0x1D];
    private static readonly byte[] Masked = [0x06, 0x03, 0x2A, 0x03];

    public static X509Extension Mask(X509Extension extension) =>
        new(extension.Oid!.Value!.Replace("2.5.29.", "1.2.3.", StringComparison.Ordinal), extension.RawData, extension.Critical);

    public static X509Certificate2 Unmask(X509Certificate2 certificate, TestKey signer)
    {
        var outer = new AsnReader(certificate.RawData, AsnEncodingRules.DER).ReadSequence();
        var signed = outer.ReadEncodedValue().ToArray();
        var algorithm = outer.ReadEncodedValue();
        if (signed.AsSpan().IndexOf(Masked) < 0) return certificate;

        for (var at = signed.AsSpan().IndexOf(Masked); at >= 0; at = signed.AsSpan().IndexOf(Masked)) Real.CopyTo(signed, at);

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            writer.WriteEncodedValue(algorithm.Span);
            writer.WriteBitString(signer.Signer.SignData(signed, HashAlgorithmName.SHA256));
        }

        return X509CertificateLoader.LoadCertificate(writer.Encode());
    }
}
