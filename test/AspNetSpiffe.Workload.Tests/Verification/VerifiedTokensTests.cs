using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>What is remembered of a good token is never more than its form and its signature.</summary>
public sealed class VerifiedTokensTests : JwtVerifierTest
{
    private readonly VerifiedTokens _tokens = new();

    [Fact]
    public void A_good_token_is_verified_once()
    {
        var token = Token();
        var first = Ask(token);
        var second = Ask(token);
        AssertAccepted(first);
        AssertAccepted(second);
        Assert.Same(first.Svid, second.Svid);
        Assert.Equal(1, _tokens.Count);
    }

    [Fact, Trait("Spec", "JW-13")]
    public void A_remembered_token_is_refused_once_it_has_expired()
    {
        var token = Token("/web", $"\"aud\":\"aud\",\"exp\":{Now.ToUnixTimeSeconds() + 60}");
        AssertAccepted(Ask(token));
        AssertAccepted(Ask(token, at: Now.AddSeconds(89)));
        AssertRefused(JwtRejectionReason.Expired, Ask(token, at: Now.AddSeconds(90)));
        AssertRefused(JwtRejectionReason.Expired, Ask(token, at: Now.AddSeconds(60), leeway: TimeSpan.Zero));
        Assert.Equal("spiffe://td/web", Ask(token, at: Now.AddSeconds(90)).Id!.ToString());
    }

    [Fact, Trait("Spec", "JW-14")]
    public void A_remembered_token_is_refused_before_its_time()
    {
        var token = Token("/web", $"\"aud\":\"aud\",\"exp\":4102444800,\"nbf\":{Now.ToUnixTimeSeconds()}");
        AssertAccepted(Ask(token));
        AssertRefused(JwtRejectionReason.NotYetValid, Ask(token, at: Now.AddSeconds(-31)));
    }

    [Fact, Trait("Spec", "JW-12")]
    public void A_remembered_token_is_refused_for_another_audience()
    {
        var token = Token();
        AssertAccepted(Ask(token));
        AssertRefused(JwtRejectionReason.NotAddressedToUs, Ask(token, audiences: ["other"]));
        Assert.Throws<ArgumentException>(() => Ask(token, audiences: []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ask(token, leeway: TimeSpan.FromMinutes(2)));
    }

    [Fact, Trait("Spec", "JW-17")]
    public void A_remembered_token_is_refused_once_its_key_has_left_the_bundle()
    {
        var token = Token();
        AssertAccepted(Ask(token));
        AssertRefused(JwtRejectionReason.UnknownKey, Ask(token, Set(("td", "k2", Key))));
        AssertRefused(JwtRejectionReason.BadSignature, Ask(token, Set(("td", "k1", TestKey.Create(KeyKind.P256)))));
        AssertRefused(JwtRejectionReason.UnknownTrustDomain, Ask(token, Set(("other", "k1", Key))));
    }

    [Fact, Trait("Spec", "JW-17")]
    public void A_new_bundle_of_its_trust_domain_forgets_a_token_and_one_of_another_does_not()
    {
        var tokens = Enumerable.Range(0, 5).Select(i => Token($"/{i}")).ToArray();
        var ours = Bundles.Single();
        JwtBundleSet before = new([ours, .. Set(("other", "k1", Key))]), otherChanged = new([ours, .. Set(("other", "k2", Key))]), oursChanged = new([.. Set(("td", "k1", Key))]);
        var first = tokens.Select(token => Ask(token, before).Svid).ToArray();

        for (var i = 0; i < tokens.Length; i++)
        {
            Assert.Same(first[i], Ask(tokens[i], otherChanged).Svid);

            // The key is the same, and all the same it is looked at again.
            var again = Ask(tokens[i], oursChanged);
            AssertAccepted(again);
            Assert.NotSame(first[i], again.Svid);
        }

        Assert.Equal(5, _tokens.Count);
    }

    [Fact, Trait("Spec", "JW-17")]
    public async Task Bundles_that_change_meanwhile_never_lend_a_token_to_each_other()
    {
        var other = TestKey.Create(KeyKind.P256);
        var sets = new[] { Bundles, Set(("td", "k1", other)) };
        var tokens = new[] { Key, other }.Select(key => new TestToken().SignedBy(key)).ToArray();
        await Parallel.ForAsync(0, 2_000, (i, _) =>
        {
            var (token, set) = (i % 2, i / 2 % 2);
            Assert.Equal(token == set, Ask(tokens[token], sets[set]).Accepted);
            return ValueTask.CompletedTask;
        });
    }

    [Fact, Trait("Spec", "JW-16")]
    public void A_token_that_differs_in_one_character_is_another_token()
    {
        var token = Token();
        AssertAccepted(Ask(token));
        for (var at = 0; at < token.Length; at++)
        {
            var other = token.ToCharArray();
            other[at] ^= (char)1;
            Assert.False(Ask(new(other)).Accepted);
        }

        Assert.All([token + " ", token + "=", " " + token, token[..^1], token + "\0"], other => Assert.False(Ask(other).Accepted));
        Assert.Equal(1, _tokens.Count);
    }

    [Fact]
    public void Characters_that_look_alike_in_ASCII_are_not_alike()
    {
        var token = Token();
        AssertAccepted(Ask(token));
        Assert.False(Ask((char)(token[0] + 0x100) + token[1..]).Accepted);
    }

    [Fact]
    public void Refusals_are_not_remembered()
    {
        var later = Token("/web", $"\"aud\":\"aud\",\"exp\":4102444800,\"nbf\":{Now.ToUnixTimeSeconds() + 100}");
        AssertRefused(JwtRejectionReason.NotYetValid, Ask(later));
        AssertRefused(JwtRejectionReason.BadSignature, Ask(new TestToken().SignedBy(TestKey.Create(KeyKind.P256))));
        AssertRefused(JwtRejectionReason.Malformed, Ask("rubbish"));
        Assert.Equal(0, _tokens.Count);
        AssertAccepted(Ask(later, at: Now.AddSeconds(100)));
    }

    [Fact]
    public void The_memory_is_bounded_and_who_comes_again_stays()
    {
        var tokens = new VerifiedTokens(capacity: 10);
        var regular = Token("/regular");
        var first = tokens.Verify(regular, Bundles, Us, Now).Svid;
        for (var i = 0; i < 40; i++)
        {
            Assert.True(tokens.Verify(Token($"/{i}"), Bundles, Us, Now).Accepted);
            Assert.Same(first, tokens.Verify(regular, Bundles, Us, Now).Svid);
            Assert.InRange(tokens.Count, 1, 10);
        }
    }

    [Fact]
    public void A_token_that_was_forgotten_is_verified_again()
    {
        var tokens = new VerifiedTokens(capacity: 2);
        var first = tokens.Verify(Token("/0"), Bundles, Us, Now).Svid;
        for (var i = 1; i < 5; i++) Assert.True(tokens.Verify(Token($"/{i}"), Bundles, Us, Now).Accepted);
        var again = tokens.Verify(first!.Token, Bundles, Us, Now);
        AssertAccepted(again);
        Assert.NotSame(first, again.Svid);
    }

    [Theory]
    [InlineData(1_000, 1)]
    [InlineData(2_000, 0)]
    public void A_long_token_is_verified_each_time(int claim, int remembered)
    {
        var token = Token("/web", $"\"aud\":\"aud\",\"exp\":4102444800,\"x\":\"{new string('x', claim)}\"");
        AssertAccepted(Ask(token));
        AssertAccepted(Ask(token));
        Assert.Equal(remembered, _tokens.Count);
    }

    private string Token(string path = "/web", string claims = "\"aud\":\"aud\",\"exp\":4102444800") =>
        new TestToken { Payload = $$"""{"sub":"spiffe://td{{path}}",{{claims}}}""" }.SignedBy(Key);

    private JwtVerificationResult Ask(string token, JwtBundleSet? bundles = null, string[]? audiences = null, DateTimeOffset? at = null, TimeSpan? leeway = null) =>
        _tokens.Verify(token, bundles ?? Bundles, audiences ?? Us, at ?? Now, leeway);
}
