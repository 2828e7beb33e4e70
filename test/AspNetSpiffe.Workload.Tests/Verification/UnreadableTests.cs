using System.Security.Cryptography.X509Certificates;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

public sealed class UnreadableTests : VerifierTest
{
    [Fact, Trait("Spec", "XV-r")]
    public void A_leaf_whose_date_is_none_is_refused_and_nothing_is_thrown()
    {
        var leaf = WithDateThatIsNone(Pki.Leaf().Leaf);
        AssertRefused(RejectionReason.Unreadable, InspectionOracle.Verify(leaf, [.. Pki.Leaf().Intermediates], Bundles, PeerRole.Client, Now));
    }

    [Fact, Trait("Spec", "XV-r")]
    public void An_intermediate_whose_date_is_none_is_refused_and_nothing_is_thrown()
    {
        var intermediate = WithDateThatIsNone(Pki.Issuer.Certificate);
        Assert.False(InspectionOracle.Verify(Pki.Leaf().Leaf, [intermediate], Bundles, PeerRole.Client, Now).Accepted);
    }

    [Fact, Trait("Spec", "XL-04")]
    public void Our_own_leaf_has_dates_that_can_be_read()
    {
        var svid = Pki.Leaf();
        var response = Pki.Response(svid);
        response.Svids[0].X509Svid = Google.Protobuf.ByteString.CopyFrom([.. WithDateThatIsNone(svid.Leaf).RawData, .. TestPki.Der(svid.Intermediates)]);
        Assert.Contains("validity", Assert.Throws<FormatException>(() => new X509ContextReader(TimeProvider.System, new()).Read(response)).Message, StringComparison.Ordinal);
    }

    // UTCTime has ten digits and a Z; with another letter it still loads.
    internal static X509Certificate2 WithDateThatIsNone(X509Certificate2 certificate)
    {
        var der = certificate.RawData;
        var notAfter = Encoding.ASCII.GetBytes(certificate.NotAfter.ToUniversalTime().ToString("yyMMddHHmmss", System.Globalization.CultureInfo.InvariantCulture));
        der[der.AsSpan().IndexOf(notAfter) + notAfter.Length] = (byte)'J';
        return X509CertificateLoader.LoadCertificate(der);
    }
}
