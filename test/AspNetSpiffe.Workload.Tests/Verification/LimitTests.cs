using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What a peer may send: as much as the limit is accepted, one more is refused.</summary>
[Trait("Spec", "XV-s")]
public sealed class LimitTests : VerifierTest
{
    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void A_peer_may_send_16_certificates_by_default(int count, bool accepted) => AssertChain(count, null, accepted);

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void A_peer_may_send_as_many_certificates_as_the_options_say(int count, bool accepted) => AssertChain(count, new() { MaxChainLength = 3 }, accepted);

    [Fact, Trait("Trial", "H-15")]
    public void A_leaf_among_the_other_certificates_counts_once_as_a_client_has_it()
    {
        var svid = Pki.Leaf();
        X509Certificate2Collection others = [svid.Leaf, .. Enumerable.Repeat(svid.Intermediates[0], 15)];
        AssertAccepted(InspectionOracle.Verify(svid.Leaf, others, Bundles, PeerRole.Server, Now));
        AssertRefused(RejectionReason.TooLarge, InspectionOracle.Verify(svid.Leaf, [.. others, svid.Intermediates[0]], Bundles, PeerRole.Server, Now));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public void A_leaf_may_be_as_long_as_the_options_say(int more, bool accepted)
    {
        var svid = Pki.Leaf(l => l with { DnsNames = [.. Enumerable.Range(0, 100).Select(i => $"host-{i:000}.example.org")] });
        AssertOutcome(accepted, Verify(svid, new() { MaxLeafBytes = svid.Leaf.RawData.Length + more }));
    }

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    public void A_leaf_may_have_256_names_by_default(int beside, bool accepted) => AssertNames(beside, null, accepted);

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void A_leaf_may_have_as_many_names_as_the_options_say(int beside, bool accepted) => AssertNames(beside, new() { MaxNames = 5 }, accepted);

    [Fact]
    public void Names_that_are_too_many_are_refused_as_such_whatever_they_are() => AssertRefused(
        RejectionReason.TooLarge, Verify(Pki.Leaf(l => l with { Uris = [.. Enumerable.Range(0, 6).Select(i => $"spiffe://td/{i}")] }), new() { MaxNames = 5 }));

    private void AssertChain(int count, SpiffeLimits? limits, bool accepted)
    {
        var svid = Pki.Leaf();
        X509Certificate2Collection others = [.. Enumerable.Repeat(svid.Intermediates[0], count - 1)];
        AssertOutcome(accepted, InspectionOracle.Verify(svid.Leaf, others, Bundles, PeerRole.Client, Now, limits));
    }

    private void AssertNames(int beside, SpiffeLimits? limits, bool accepted) =>
        AssertOutcome(accepted, Verify(Pki.Leaf(l => l with { DnsNames = [.. Enumerable.Range(0, beside).Select(i => $"h{i}")] }), limits));

    private VerificationResult Verify(TestSvid svid, SpiffeLimits? limits) =>
        InspectionOracle.Verify(svid.Leaf, [.. svid.Intermediates], Bundles, PeerRole.Client, Now, limits);

    private static void AssertOutcome(bool accepted, VerificationResult result)
    {
        if (accepted) AssertAccepted(result);
        else AssertRefused(RejectionReason.TooLarge, result);
    }
}
