using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Asks the verifier about a leaf of the test's own CA.</summary>
public abstract class VerifierTest
{
    protected TestPki Pki { get; } = new("td", intermediates: 1);

    protected X509BundleSet Bundles => new([Pki.Bundle]);

    protected static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    protected VerificationResult Verify(TestSvid svid, PeerRole role = PeerRole.Client, X509BundleSet? bundles = null, DateTimeOffset? at = null) =>
        InspectionOracle.Verify(svid.Leaf, [.. svid.Intermediates], bundles ?? Bundles, role, at ?? Now);

    protected VerificationResult Verify(Func<CertificateSpec, CertificateSpec> change, PeerRole role = PeerRole.Client) => Verify(Pki.Leaf(change), role);

    protected static void AssertRefused(RejectionReason reason, VerificationResult result)
    {
        Assert.Equal(reason, result.Reason);
        Assert.False(result.Accepted);
        Assert.Null(result.Peer);
    }

    protected static void AssertAccepted(VerificationResult result)
    {
        Assert.Equal(RejectionReason.None, result.Reason);
        Assert.True(result.Accepted);
        Assert.Equal(result.Id, result.Peer.Id);
    }

    protected static X509Certificate2Collection None => [];
}
