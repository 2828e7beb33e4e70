using System.Security.Cryptography.X509Certificates;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class DerSequenceProperties
{
    private static readonly TrustDomain Td = TrustDomain.Parse("td");

    [Property(MaxTest = 200), Trait("Spec", "XL-01")]
    public Property Certificates_one_after_the_other_are_read_in_their_order() =>
        Prop.ForAll(Inputs.DerSequences, parts => AssertRead(parts.Certificates, parts.Der));

    [Property(MaxTest = 500), Trait("Spec", "XL-01")]
    public Property A_cut_between_certificates_leaves_the_ones_before_it_and_any_other_cut_is_refused() =>
        Prop.ForAll(Inputs.DerSequences, parts =>
        {
            if (parts.WholeBefore() is { } whole) AssertRead(parts.Certificates.Take(whole), parts.Truncated);
            else AssertRefused(parts.Truncated);
        });

    [Property(MaxTest = 200), Trait("Spec", "XL-01")]
    public Property Bytes_after_the_last_certificate_are_refused() => Prop.ForAll(Inputs.DerSequences, parts => AssertRefused(parts.WithExtraAtTheEnd));

    [Property(MaxTest = 500), Trait("Spec", "XL-01")]
    public Property Bytes_anywhere_else_are_refused() => Prop.ForAll(Inputs.DerSequences, parts => AssertRefused(parts.WithExtraInside));

    [Property(MaxTest = 500), Trait("Spec", "XL-01")]
    public Property With_one_byte_changed_the_certificates_have_every_byte_or_are_refused() =>
        Prop.ForAll(Inputs.DerSequences, parts =>
        {
            try
            {
                Assert.Equal(Convert.ToHexString(parts.WithAnotherByte), string.Concat(DerSequence.ReadCertificates(parts.WithAnotherByte).Select(Hex)));
                AssertSame(X509Bundle.Read(Td, parts.WithAnotherByte, out _), X509Bundle.ReadFederated(Td, parts.WithAnotherByte, out _));
            }
            catch (FormatException)
            {
                // Refused: the only way in which a reading may fail.
            }
        });

    [Property(MaxTest = 200), Trait("Spec", "XV-l")]
    public Property A_bundle_has_the_CA_certificates_in_their_order_and_counts_the_others() =>
        Prop.ForAll(Inputs.DerSequences, parts =>
        {
            var bundle = X509Bundle.Read(Td, parts.Der, out var leftOut);
            Assert.Equal(parts.Certificates.Where(certificate => certificate.IsCa).Select(certificate => Hex(certificate.Certificate)), bundle.Authorities.Select(Hex));
            Assert.Equal(parts.Certificates.Count(certificate => !certificate.IsCa), leftOut);
            AssertSame(bundle, X509Bundle.ReadFederated(Td, parts.Der, out var alsoLeftOut));
            Assert.Equal(leftOut, alsoLeftOut);
        });

    private static void AssertRead(IEnumerable<NamedCertificate> expected, byte[] der) =>
        Assert.Equal(expected.Select(certificate => Hex(certificate.Certificate)), DerSequence.ReadCertificates(der).Select(Hex));

    private static void AssertSame(X509Bundle bundle, X509Bundle federated)
    {
        Assert.Equal(bundle, federated);
        Assert.Equal(bundle.Authorities.Select(Hex), federated.Authorities.Select(Hex));
    }

    private static string Hex(X509Certificate2 certificate) => Convert.ToHexString(certificate.RawDataMemory.Span);

    private static void AssertRefused(byte[] der)
    {
        Assert.Throws<FormatException>(() => DerSequence.ReadCertificates(der));
        Assert.Throws<FormatException>(() => X509Bundle.Read(Td, der, out _));
    }
}
