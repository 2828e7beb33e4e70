using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What an inspection says beyond the verifier's reason, with which <see cref="InspectionOracle"/> compares it in every other test.</summary>
public sealed class InspectionTests : VerifierTest
{
    [Fact]
    public void Every_mistake_of_a_leaf_is_found_at_once()
    {
        var svid = Pki.Leaf(l => l with { Ca = true, KeyUsage = X509KeyUsageFlags.KeyCertSign, NotAfter = Now.AddMinutes(-1), ExtendedKeyUsages = [CertificateSpec.ServerAuth], Hash = HashAlgorithmName.SHA1 });
        Assert.Equal(
            ["CaCertificate", "SigningKeyUsage", "NoDigitalSignature", "NotForThisUse", "WeakSignature", "Expired"],
            BrokenOf(Inspect(svid, Bundles)));
    }

    [Fact]
    public void Without_a_bundle_the_leaf_is_inspected_and_the_path_is_not_reached()
    {
        var rules = Inspect(Pki.Leaf("/web"), null);
        Assert.Empty(BrokenOf(rules));
        Assert.Equal(12, rules.Count(rule => rule.Outcome == RuleOutcome.NotReached));
        Assert.Equal("X509-SVID §4.3", rules.Last(rule => rule.Outcome == RuleOutcome.Kept).Clause);
    }

    [Fact]
    public void Of_an_unknown_trust_domain_only_that_is_broken()
    {
        Assert.Equal(["UnknownTrustDomain"], BrokenOf(Inspect(Pki.Leaf("/web"), new([]))));
        Assert.Equal(["EmptyBundle"], BrokenOf(Inspect(Pki.Leaf("/web"), new([new(Pki.TrustDomain, [])]))));
    }

    [Fact]
    public void Without_a_path_no_rule_for_paths_is_called_kept()
    {
        var rules = X509SvidVerifier.Inspect(Pki.Leaf().Leaf, None, Bundles, PeerRole.Client, Now);
        Assert.Equal(["NotTrusted"], BrokenOf(rules));
        Assert.All(rules.SkipWhile(rule => rule.Outcome != RuleOutcome.Broken).Skip(1), rule => Assert.Equal(RuleOutcome.NotReached, rule.Outcome));
    }

    [Fact]
    public void What_is_no_SPIFFE_ID_is_explained()
    {
        var rule = Assert.Single(Inspect(Pki.Leaf(l => l with { Uris = ["spiffe://td//a"] }), Bundles), rule => rule.Outcome == RuleOutcome.Broken);
        Assert.Equal("InvalidSpiffeId", rule.Reason);
        Assert.Contains("'spiffe://td//a'", rule.Detail, StringComparison.Ordinal);
        Assert.Equal($"Broken: {rule.Clause}: {rule.Text} (InvalidSpiffeId)", rule.ToString());
    }

    [Fact]
    public void Of_what_is_too_large_nothing_more_is_read()
    {
        var svid = Pki.Leaf("/web");
        var rules = X509SvidVerifier.Inspect(svid.Leaf, [.. svid.Intermediates], Bundles, PeerRole.Client, Now, new() { MaxLeafBytes = 1024, MaxChainLength = 1 });
        Assert.Equal(["TooLarge"], BrokenOf(rules));
        Assert.Equal(20, rules.Count(rule => rule.Outcome == RuleOutcome.NotReached));
    }

    [Fact]
    public void Each_rule_names_its_clause_and_is_one_sentence() => Assert.All(
        Inspect(Pki.Leaf("/web"), Bundles).AddRange(JwtSvidVerifier.Inspect(TestToken.For("spiffe://td/web", "aud").ToString(), null, [], Now)),
        rule =>
        {
            Assert.NotEmpty(rule.Clause);
            Assert.Matches("^[A-Z].*\\w\\.$", rule.Text);
        });

    [Fact]
    public void A_token_that_cannot_be_read_breaks_one_rule_and_says_why()
    {
        var rules = JwtSvidVerifier.Inspect(new TestToken { Header = """{"alg":"HS256"}""" }.ToString(), new([]), ["aud"], Now);
        Assert.Equal(["UnsupportedAlgorithm"], BrokenOf(rules));
        Assert.All(rules, rule => Assert.NotEqual(RuleOutcome.Kept, rule.Outcome));
        Assert.Contains("'HS256'", rules.Single(rule => rule.Outcome == RuleOutcome.Broken).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_of_a_token_is_found_at_once()
    {
        var token = new TestToken { Payload = """{"sub":"spiffe://td","aud":["other"],"exp":1000}""" }.ToString();
        Assert.Equal(["RootPath", "NotAddressedToUs", "Expired", "UnknownTrustDomain"], BrokenOf(JwtSvidVerifier.Inspect(token, new([]), ["aud"], Now)));
        Assert.Equal(["RootPath", "Expired"], BrokenOf(JwtSvidVerifier.Inspect(token, null, [], Now)));
    }

    private static string?[] BrokenOf(IEnumerable<InspectedRule> rules) => [.. rules.Where(rule => rule.Outcome == RuleOutcome.Broken).Select(rule => rule.Reason)];

    private static ImmutableArray<InspectedRule> Inspect(TestSvid svid, X509BundleSet? bundles) =>
        X509SvidVerifier.Inspect(svid.Leaf, [.. svid.Intermediates], bundles, PeerRole.Client, Now);
}
