using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Verifies and inspects: the first rule that is broken is the verifier's reason, and a peer that is accepted breaks none, and leaves none out.</summary>
internal static class InspectionOracle
{
    public static VerificationResult Verify(
        X509Certificate2 leaf, X509Certificate2Collection intermediates, X509BundleSet bundles, PeerRole role, DateTimeOffset at, SpiffeLimits? limits = null)
    {
        var result = X509SvidVerifier.Verify(leaf, intermediates, bundles, role, at, limits);
        AssertAgrees(result.Reason.ToString(), X509SvidVerifier.Inspect(leaf, intermediates, bundles, role, at, limits));
        return result;
    }

    public static JwtVerificationResult Verify(string token, JwtBundleSet bundles, string[] audiences, DateTimeOffset at, TimeSpan? leeway)
    {
        var result = JwtSvidVerifier.Verify(token, bundles, audiences, at, leeway);
        AssertAgrees(result.Reason.ToString(), JwtSvidVerifier.Inspect(token, bundles, audiences, at, leeway));
        return result;
    }

    private static void AssertAgrees(string reason, IReadOnlyCollection<InspectedRule> rules)
    {
        Assert.Equal(reason, rules.FirstOrDefault(rule => rule.Outcome == RuleOutcome.Broken)?.Reason ?? nameof(RejectionReason.None));
        if (reason == nameof(RejectionReason.None)) Assert.All(rules, rule => Assert.Equal(RuleOutcome.Kept, rule.Outcome));
        Assert.All(rules, rule => Assert.Equal(rule.Outcome == RuleOutcome.Broken, rule.Reason is not null));
    }
}
