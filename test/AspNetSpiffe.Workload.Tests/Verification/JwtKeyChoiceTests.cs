using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Which key may vouch for a token: of the subject's trust domain, and the one that the token names.</summary>
public sealed class JwtKeyChoiceTests : JwtVerifierTest
{
    private readonly TestKey _other = TestKey.Create(KeyKind.P256);

    [Fact]
    [Trait("Spec", "JW-11"), Trait("Spec", "WA-23"), Trait("Spec", "TB-16")]
    public void The_subjects_trust_domain_chooses_the_bundle()
    {
        var bundles = Set(("td", "k1", Key), ("other", "k1", _other));
        AssertAccepted(Verify(TokenOf("spiffe://td/web").SignedBy(Key), bundles));
        AssertAccepted(Verify(TokenOf("spiffe://other/web").SignedBy(_other), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://td/web").SignedBy(_other), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://other/web").SignedBy(Key), bundles));
    }

    [Fact]
    [Trait("Spec", "JW-11"), Trait("Spec", "WA-23")]
    public void A_key_of_another_trust_domain_is_never_looked_for()
    {
        var bundles = Set(("td", "k1", Key), ("other", "k2", _other));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(TokenOf("spiffe://td/web", "k2").SignedBy(_other), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://td/web", null).SignedBy(_other), bundles));
        AssertAccepted(Verify(TokenOf("spiffe://other/web", "k2").SignedBy(_other), bundles));
    }

    [Fact]
    [Trait("Spec", "JW-11"), Trait("Spec", "WA-23")]
    public void An_unknown_trust_domain_is_refused_with_its_claim_for_the_log()
    {
        var result = Verify(TokenOf("spiffe://stranger/web").SignedBy(Key));
        AssertRefused(JwtRejectionReason.UnknownTrustDomain, result);
        Assert.Equal("spiffe://stranger/web", result.Id!.ToString());
    }

    [Fact, Trait("Spec", "TB-03")]
    public void A_bundle_without_keys_trusts_nobody()
    {
        JwtBundleSet empty = new([new JwtBundle(TrustDomain.Parse("td"), [])]);
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(TokenOf("spiffe://td/web").SignedBy(Key), empty));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(TokenOf("spiffe://td/web", null).SignedBy(Key), empty));
    }

    [Fact, Trait("Spec", "JW-07")]
    public void With_a_kid_that_key_counts_and_no_other()
    {
        var bundles = Set(("td", "k1", Key), ("td", "k2", _other));
        AssertAccepted(Verify(TokenOf("spiffe://td/web", "k2").SignedBy(_other), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://td/web", "k2").SignedBy(Key), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://td/web", "k1").SignedBy(_other), bundles));
    }

    [Theory, Trait("Spec", "JW-07")]
    [InlineData("k2"), InlineData("K1"), InlineData(" k1"), InlineData("k1\\u0000"), InlineData("")]
    public void An_unknown_kid_is_refused(string kid) => AssertRefused(JwtRejectionReason.UnknownKey, Verify(TokenOf("spiffe://td/web", kid).SignedBy(Key)));

    [Fact, Trait("Spec", "JW-06")]
    public void Without_a_kid_every_key_that_fits_is_tried()
    {
        var (rsa, p384) = (TestKey.Create(KeyKind.Rsa2048), TestKey.Create(KeyKind.P384));
        var bundles = Set(("td", "a", rsa), ("td", "b", p384), ("td", "c", _other), ("td", "d", Key));
        AssertAccepted(Verify(TokenOf("spiffe://td/web", null).SignedBy(Key), bundles));
        AssertAccepted(Verify(TokenOf("spiffe://td/web", null, "PS256").SignedBy(rsa, "PS256"), bundles));
        AssertAccepted(Verify(TokenOf("spiffe://td/web", null, "ES384").SignedBy(p384, "ES384"), bundles));
        AssertRefused(JwtRejectionReason.BadSignature, Verify(TokenOf("spiffe://td/web", null).SignedBy(TestKey.Create(KeyKind.P256)), bundles));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(TokenOf("spiffe://td/web", null, "ES512").SignedBy(TestKey.Create(KeyKind.P521), "ES512"), bundles));
    }

    [Theory, Trait("Spec", "JW-06")]
    [InlineData(7, true)]
    [InlineData(8, false)]
    public void Without_a_kid_at_most_eight_keys_are_tried_and_only_those_that_fit_count(int before, bool accepted)
    {
        var rsa = TestKey.Create(KeyKind.Rsa2048);
        var others = Enumerable.Range(0, before).SelectMany(i => new[] { ("td", $"r{i}", rsa), ("td", $"e{i}", TestKey.Create(KeyKind.P256)) });
        var bundles = Set([.. others, ("td", "last", Key)]);

        var result = Verify(TokenOf("spiffe://td/web", null).SignedBy(Key), bundles);
        if (accepted) AssertAccepted(result);
        else AssertRefused(JwtRejectionReason.BadSignature, result);
        AssertAccepted(Verify(TokenOf("spiffe://td/web", "last").SignedBy(Key), bundles));
    }

    [Fact, Trait("Spec", "JW-17")]
    public void Only_the_bundles_of_the_call_count()
    {
        var token = TokenOf("spiffe://td/web", "k2").SignedBy(_other);
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(token, Set(("td", "k1", Key))));
        AssertAccepted(Verify(token, Set(("td", "k1", Key), ("td", "k2", _other))));
        AssertRefused(JwtRejectionReason.UnknownKey, Verify(token, Set(("td", "k1", Key))));
    }

    [Fact]
    public async Task Many_threads_may_verify_with_one_key()
    {
        var good = TokenOf("spiffe://td/web").SignedBy(Key);
        var bad = TokenOf("spiffe://td/web").SignedBy(_other);
        await Parallel.ForAsync(0, 500, (i, _) =>
        {
            Assert.Equal(i % 2 == 0, Verify(i % 2 == 0 ? good : bad).Accepted);
            return ValueTask.CompletedTask;
        });
    }

    private static TestToken TokenOf(string subject, string? kid = "k1", string alg = "ES256") =>
        TestToken.For(subject, "aud") with { Header = kid is null ? $$"""{"alg":"{{alg}}"}""" : $$"""{"alg":"{{alg}}","kid":"{{kid}}"}""" };
}
