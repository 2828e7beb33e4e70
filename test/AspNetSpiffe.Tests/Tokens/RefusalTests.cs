using System.Diagnostics.Metrics;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>Tokens that are refused: whoever sends one sees the same bytes whatever is wrong, and our log and metric say what.</summary>
public sealed class RefusalTests(ITestOutputHelper output) : TokenTest(output)
{
    [Theory]
    [InlineData("no token", JwtRejectionReason.Malformed)]
    [InlineData("two words", JwtRejectionReason.Malformed)]
    [InlineData("two in one", JwtRejectionReason.Malformed)]
    [InlineData("garbage", JwtRejectionReason.Malformed)]
    [InlineData("alg none", JwtRejectionReason.UnsupportedAlgorithm)]
    [InlineData("WIT-SVID", JwtRejectionReason.WrongType)]
    [InlineData("no SPIFFE ID", JwtRejectionReason.InvalidSpiffeId)]
    [InlineData("trust domain", JwtRejectionReason.RootPath)]
    [InlineData("other audience", JwtRejectionReason.NotAddressedToUs)]
    [InlineData("expired", JwtRejectionReason.Expired)]
    [InlineData("unknown key", JwtRejectionReason.UnknownKey)]
    [InlineData("forged", JwtRejectionReason.BadSignature)]
    [InlineData("not federated", JwtRejectionReason.UnknownTrustDomain)]
    [Trait("Spec", "JW-10"), Trait("Spec", "JW-11"), Trait("Spec", "JW-12"), Trait("Spec", "JW-13"), Trait("Spec", "JW-16")]
    public async Task A_bad_token_is_answered_with_the_same_bytes_whatever_is_wrong(string what, JwtRejectionReason reason)
    {
        var server = await StartPlainAsync(MapUser);
        using var rejections = new MetricCollector<long>(server.Services.GetRequiredService<IMeterFactory>(), SpiffeDiagnostics.MeterName, "spiffe.server.tokens.rejected");
        var token = await MakeAsync(what);

        Assert.Equal(Unauthorized, await SendRawAsync(server, "/user", $"Authorization: Bearer {token}"));
        var refusal = await WaitForAsync("TokenRefused", Timeout);
        Assert.Equal((reason, LogLevel.Information), (refusal.Values["Reason"], refusal.Level));
        var counted = Assert.Single(rejections.GetMeasurementSnapshot());
        Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()), Assert.Single(counted.Tags, tag => tag.Key == "error.type").Value);
        if (token.Length > 10) Assert.DoesNotContain(Logs.All, record => record.ToString().Contains(token[^10..], StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Authorization: Bearer {0}", "Authorization: Bearer {0}")]
    [InlineData("Authorization: Bearer {0}", "Authorization: Basic dXNlcjpwYXNz")]
    [InlineData("Authorization: Basic dXNlcjpwYXNz", "authorization: bearer {0}")]
    public async Task A_second_Authorization_is_refused_even_beside_a_good_token(string first, string second)
    {
        var server = await StartPlainAsync(MapUser);
        var token = await TokenAsync();

        Assert.Equal(Unauthorized, await SendRawAsync(server, "/user", string.Format(first, token), string.Format(second, token)));
        Assert.Equal(JwtRejectionReason.SeveralTokens, (await WaitForAsync("TokenRefused", Timeout)).Values["Reason"]);
        Assert.StartsWith("HTTP/1.1 200 OK", await SendRawAsync(server, "/user", $"Authorization: Bearer {token}"));
    }

    [Fact, Trait("Spec", "JW-11")]
    public async Task A_token_of_a_federated_trust_domain_counts_only_where_it_is_allowed()
    {
        var other = await StartAgentAsync("other.org", "client");
        Agent.AddFederatedBundle(other);
        var token = await TokenAsync(agent: other);

        var closed = await StartPlainAsync(MapUser);
        Assert.Equal(Unauthorized, await SendRawAsync(closed, "/user", $"Authorization: Bearer {token}"));
        var refusal = await WaitForAsync("TokenRefused", Timeout);
        Assert.Equal(
            (JwtRejectionReason.NotAllowed, "spiffe://other.org/client", "Allowed: members of 'example.org'. To allow it, add its ID, or a pattern that matches it, to 'AllowedCallers'."),
            (refusal.Values["Reason"], refusal.Values["SpiffeId"], refusal.Values["Problem"]));

        var open = await StartPlainAsync(MapUser, options => options.AllowedCallers = ["spiffe://other.org/**"]);
        Assert.StartsWith("HTTP/1.1 200 OK", await SendRawAsync(open, "/user", $"Authorization: Bearer {token}"));
        Assert.Equal(Unauthorized, await SendRawAsync(open, "/user", $"Authorization: Bearer {await TokenAsync()}"));
    }

    [Fact]
    public async Task A_policy_refuses_a_bad_token_with_the_same_bytes_and_a_good_one_without_permission_with_403()
    {
        var server = await StartPlainAsync(app => app.MapGet("/user", () => "").RequireAuthorization(ClientId));

        Assert.Equal(Unauthorized, await SendRawAsync(server, "/user", "Authorization: Bearer abc"));
        Assert.Contains("WWW-Authenticate: Bearer\r\n", await SendRawAsync(server, "/user"));
        Assert.StartsWith("HTTP/1.1 403 Forbidden", await SendRawAsync(server, "/user", $"Authorization: Bearer {await TokenAsync("admin")}"));
        Assert.StartsWith("HTTP/1.1 200 OK", await SendRawAsync(server, "/user", $"Authorization: Bearer {await TokenAsync()}"));
    }

    [Fact]
    public async Task A_stranger_does_not_fill_the_log()
    {
        var server = await StartPlainAsync(MapUser);
        for (var i = 0; i < 20; i++) await SendRawAsync(server, "/user", "Authorization: Bearer abc");

        await WaitForAsync("TokenRefused", Timeout, times: 20);
        Assert.Single(Logs.All, record => record is { Event.Name: "TokenRefused", Level: LogLevel.Information });
        Assert.DoesNotContain(Logs.All, record => record.Category.Contains("SpiffeJwtAuthenticationHandler", StringComparison.Ordinal));
    }

    [Fact, Trait("Spec", "JW-17")]
    public async Task A_change_of_the_bundle_counts_for_the_next_request()
    {
        var server = await StartPlainAsync(MapUser);
        var source = server.Services.GetRequiredService<JwtBundleSource>();
        var token = await TokenAsync();
        Assert.StartsWith("HTTP/1.1 200 OK", await SendRawAsync(server, "/user", $"Authorization: Bearer {token}"));

        var key = source.Current!.Single().Authorities.Single();
        Agent.PrepareAuthority();
        Agent.ActivateAuthority();
        Agent.TaintAuthority();
        Agent.RevokeAuthority();
        while (true)
        {
            var changed = new TaskCompletionSource();
            using var registration = source.GetChangeToken().RegisterChangeCallback(_ => changed.TrySetResult(), null);
            if (source.Current!.Single().Find(key.KeyId) is null) break;
            await changed.Task.WaitAsync(Timeout);
        }

        Assert.Equal(Unauthorized, await SendRawAsync(server, "/user", $"Authorization: Bearer {token}"));
        Assert.StartsWith("HTTP/1.1 200 OK", await SendRawAsync(server, "/user", $"Authorization: Bearer {await TokenAsync()}"));
    }

    private const string Body = """{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.2","title":"Unauthorized","status":401}""";

    private static readonly string Unauthorized =
        "HTTP/1.1 401 Unauthorized\r\n" +
        $"Content-Length: {Body.Length}\r\n" +
        "Connection: close\r\n" +
        "Content-Type: application/problem+json\r\n" +
        "Date: now\r\n" +
        "Server: Kestrel\r\n" +
        "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n" +
        $"\r\n{Body}";

    private static void MapUser(WebApplication app) => app.MapGet("/user", () => "").RequireAuthorization();

    private async Task<string> MakeAsync(string what) => what switch
    {
        "no token" => "",
        "two words" => $"{await TokenAsync()} more",
        "two in one" => $"{await TokenAsync()}, Bearer {await TokenAsync()}",
        "garbage" => "abc",
        "alg none" => (TestToken.For(ClientId, Audience) with { Header = """{"alg":"none"}""" }).ToString(),
        "WIT-SVID" => (TestToken.For(ClientId, Audience) with { Header = """{"alg":"ES256","typ":"wit+jwt"}""" }).ToString(),
        "no SPIFFE ID" => TestToken.For("client", Audience).ToString(),
        "trust domain" => TestToken.For("spiffe://example.org", Audience).ToString(),
        "other audience" => await TokenAsync(audience: $"{Audience}/"),
        "expired" => new TestToken { Payload = $$"""{"sub":"{{ClientId}}","aud":["{{Audience}}"],"exp":1}""" }.ToString(),
        "unknown key" => TestToken.For(ClientId, Audience).ToString(),
        "forged" => Forge(await TokenAsync()),
        "not federated" => await TokenAsync(agent: await StartAgentAsync("other.org", "client")),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };
}
