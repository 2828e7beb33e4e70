using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Asks the verifier about a token of the test's own key: 'k1' of the trust domain 'td'. We are the audience 'aud'. Each verdict is compared with that of <see cref="JwtOracle"/>.</summary>
public abstract class JwtVerifierTest
{
    protected static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected static readonly string[] Us = ["aud"];

    protected TestKey Key { get; } = TestKey.Create(KeyKind.P256);

    protected JwtBundleSet Bundles => field ??= Set(("td", "k1", Key));

    protected static JwtBundleSet Set(params (string TrustDomain, string KeyId, TestKey Key)[] keys) =>
        new(keys.GroupBy(key => key.TrustDomain, key => new JwtAuthority(key.KeyId, key.Key.PublicKey)).Select(group => new JwtBundle(TrustDomain.Parse(group.Key), group)));

    protected JwtVerificationResult Verify(string token, JwtBundleSet? bundles = null, string[]? audiences = null, DateTimeOffset? at = null, TimeSpan? leeway = null)
    {
        var result = InspectionOracle.Verify(token, bundles ?? Bundles, audiences ?? Us, at ?? Now, leeway);
        JwtOracle.AssertAgrees(result, token, bundles ?? Bundles, audiences ?? Us, at ?? Now, leeway ?? TimeSpan.FromSeconds(30));
        return result;
    }

    protected JwtVerificationResult Verify(TestToken token) => Verify(token.SignedBy(Key));

    protected JwtVerificationResult VerifyHeader(string json) => Verify(new TestToken { Header = json });

    /// <summary>Verifies a good token whose payload has these claims beside the subject, or another subject.</summary>
    protected JwtVerificationResult VerifyClaims(string claims, DateTimeOffset? at = null, TimeSpan? leeway = null, string[]? audiences = null) =>
        Verify(new TestToken { Payload = $$"""{"sub":"spiffe://td/web",{{claims}}}""" }.SignedBy(Key), null, audiences, at, leeway);

    protected static void AssertRefused(JwtRejectionReason reason, JwtVerificationResult result)
    {
        Assert.Equal(reason, result.Reason);
        Assert.False(result.Accepted);
        Assert.Null(result.Svid);
    }

    protected static void AssertAccepted(JwtVerificationResult result)
    {
        Assert.Equal(JwtRejectionReason.None, result.Reason);
        Assert.True(result.Accepted);
        Assert.Equal(result.Id, result.Svid.Id);
    }
}
