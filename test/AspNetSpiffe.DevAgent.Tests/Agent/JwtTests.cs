using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Microsoft.IdentityModel.Tokens;

namespace AspNetSpiffe.AgentTests;

/// <summary>Tokens that the agent issues, and those that it takes for valid.</summary>
public sealed class JwtTests : AgentTest
{
    private const int Ok = 0;
    private const int InvalidArgument = 3;

    private readonly ManualTime _time = new();

    [Fact, Trait("Spec", "JW-02"), Trait("Spec", "JW-12")]
    public async Task A_token_has_the_closed_set_of_headers_and_the_mandatory_claims()
    {
        var parts = (await FetchAsync(await StartAsync(), "a", "b")).Split('.');
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));

        Assert.Equal(["alg", "kid", "typ"], header.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal("ES256", header.RootElement.GetProperty("alg").GetString());
        Assert.Equal("JWT", header.RootElement.GetProperty("typ").GetString());
        Assert.Equal("spiffe://example.org/web", claims.RootElement.GetProperty("sub").GetString());
        Assert.Equal(["a", "b"], claims.RootElement.GetProperty("aud").EnumerateArray().Select(a => a.GetString()));
        Assert.Equal(_time.GetUtcNow().ToUnixTimeSeconds() + 300, claims.RootElement.GetProperty("exp").GetInt64());
    }

    [Fact, Trait("Spec", "JW-16")]
    public async Task A_token_verifies_with_the_key_of_the_bundle_that_it_names()
    {
        var agent = await StartAsync();
        var parts = (await FetchAsync(agent, "a")).Split('.');
        using var call = await Connect(agent).CallAsync("FetchJWTBundles", new JWTBundlesRequest(), Patience);
        var bundle = (await call.ReadAsync(JWTBundlesResponse.Parser, Patience))!.Bundles["spiffe://example.org"];
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]));
        using var keys = JsonDocument.Parse(bundle.ToStringUtf8());
        var jwk = keys.RootElement.GetProperty("keys").EnumerateArray().Single(k => k.GetProperty("kid").GetString() == header.RootElement.GetProperty("kid").GetString());

        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new() { X = Base64Url.DecodeFromChars(jwk.GetProperty("x").GetString()), Y = Base64Url.DecodeFromChars(jwk.GetProperty("y").GetString()) },
        });
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
    }

    [Fact, Trait("Spec", "WA-22")]
    public async Task A_valid_token_is_answered_with_its_ID_and_claims()
    {
        var agent = await StartAsync();
        var (status, _, answer) = await Connect(agent).ValidateJwtAsync(await FetchAsync(agent, "a", "b"), "b", Patience);

        Assert.Equal(Ok, status);
        Assert.Equal("spiffe://example.org/web", answer!.SpiffeId);
        Assert.Equal("spiffe://example.org/web", answer.Claims.Fields["sub"].StringValue);
        Assert.Equal(["a", "b"], answer.Claims.Fields["aud"].ListValue.Values.Select(v => v.StringValue));
    }

    [Fact, Trait("Spec", "WA-24")]
    public async Task Validation_needs_a_token_and_an_audience()
    {
        var client = Connect(await StartAsync());
        Assert.Equal(InvalidArgument, (await client.ValidateJwtAsync("", "a", Patience)).Status);
        Assert.Equal(InvalidArgument, (await client.ValidateJwtAsync("a.b.c", "", Patience)).Status);
    }

    [Fact, Trait("Spec", "JW-11")]
    public async Task A_token_of_a_federated_trust_domain_is_valid_while_it_is_federated()
    {
        var agent = await StartAsync();
        using var other = new DevCertificateAuthority(TrustDomain.Parse("other.org"), _time);
        var token = other.IssueJwtSvid(SpiffeId.Parse("spiffe://other.org/db"), ["a"], TimeSpan.FromMinutes(5));

        Assert.Equal(InvalidArgument, (await Connect(agent).ValidateJwtAsync(token, "a", Patience)).Status);
        agent.AddFederatedBundle(other);
        Assert.Equal("spiffe://other.org/db", (await Connect(agent).ValidateJwtAsync(token, "a", Patience)).Answer!.SpiffeId);
        agent.RemoveFederatedBundle(other.TrustDomain);
        Assert.Equal(InvalidArgument, (await Connect(agent).ValidateJwtAsync(token, "a", Patience)).Status);
    }

    [Fact, Trait("Spec", "JW-13")]
    public async Task A_token_expires()
    {
        var agent = await StartAsync();
        var token = await FetchAsync(agent, "a");
        _time.Advance(TimeSpan.FromMinutes(6));
        var (status, message, _) = await Connect(agent).ValidateJwtAsync(token, "a", Patience);
        Assert.Equal((InvalidArgument, "the token has expired"), (status, message));
    }

    [Fact, Trait("Spec", "JW-17")]
    public async Task A_token_of_a_revoked_authority_is_refused()
    {
        var agent = await StartAsync();
        var token = await FetchAsync(agent, "a");
        agent.PrepareAuthority();
        agent.ActivateAuthority();
        Assert.Equal(Ok, (await Connect(agent).ValidateJwtAsync(token, "a", Patience)).Status);

        agent.TaintAuthority();
        agent.RevokeAuthority();
        Assert.Equal(InvalidArgument, (await Connect(agent).ValidateJwtAsync(token, "a", Patience)).Status);
        Assert.Equal(Ok, (await Connect(agent).ValidateJwtAsync(await FetchAsync(agent, "a"), "a", Patience)).Status);
    }

    // Each row is one mistake in a token that our own key has signed.
    [Theory]
    [Trait("Spec", "JW-03"), Trait("Spec", "JW-04"), Trait("Spec", "JW-07"), Trait("Spec", "JW-08"), Trait("Spec", "JW-10"), Trait("Spec", "JW-14")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", null)]
    [InlineData("""{"alg":"ES256","typ":"JOSE"}""", """{"sub":"spiffe://example.org/web","aud":["a"],"exp":9999999999}""", null)]
    [InlineData("""{"alg":"none"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", "signature")]
    [InlineData("""{"alg":"ES256","typ":"wit+jwt"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", "type")]
    [InlineData("""{"alg":"ES256","typ":1}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", "JSON")]
    [InlineData("""{"alg":"ES256","crit":["x"]}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", "critical")]
    [InlineData("""{"alg":"ES256","kid":"unknown"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999}""", "signature")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org","aud":"a","exp":9999999999}""", "subject")]
    [InlineData("""{"alg":"ES256"}""", """{"aud":"a","exp":9999999999}""", "subject")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":"b","exp":9999999999}""", "audience")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","exp":9999999999}""", "audience")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":7,"exp":9999999999}""", "JSON")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":"a"}""", "expiry")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":1}""", "expired")]
    [InlineData("""{"alg":"ES256"}""", """{"sub":"spiffe://example.org/web","aud":"a","exp":9999999999,"nbf":9999999998}""", "not valid yet")]
    [InlineData("""{"alg":"ES256"}""", """["sub"]""", "JSON")]
    public async Task A_token_is_judged_by_every_rule(string header, string claims, string? mistake)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(key) { KeyId = "k" });
        var snapshot = new WorkloadSnapshot([], new(TrustDomain.Parse("example.org"), [], [publicKey]), []);
        var token = Sign(key, header, claims);

        if (mistake is null) Assert.Equal("spiffe://example.org/web", (await JwtValidation.ValidateAsync(token, "a", snapshot, _time)).Id.ToString());
        else Assert.Contains(mistake, (await Assert.ThrowsAsync<FormatException>(() => JwtValidation.ValidateAsync(token, "a", snapshot, _time))).Message, StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "JW-01")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("a=.b.c")]
    [InlineData("!.b.c")]
    [InlineData("..")]
    public async Task What_is_no_compact_token_is_refused(string token) =>
        Assert.Equal(InvalidArgument, (await Connect(await StartAsync()).ValidateJwtAsync(token, "a", Patience)).Status);

    private static string Sign(ECDsa key, string header, string claims)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private Task<DevAgent> StartAsync() => StartAgentAsync(new DevAgentOptions { Directory = Folder, TimeProvider = _time }.AddWorkload("web", "/web"));

    private async Task<string> FetchAsync(DevAgent agent, params string[] audiences) => (await Connect(agent).FetchJwtAsync("", audiences, Patience)).Answer!.Svids[0].Svid;
}
