using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>The scheme 'SpiffeJwt': the owner of the request's token becomes its user.</summary>
public sealed class AuthenticationTests(ITestOutputHelper output) : TokenTest(output)
{
    [Fact, Trait("Spec", "JW-18")]
    public async Task A_token_in_Authorization_makes_its_owner_the_caller()
    {
        var server = await StartPlainAsync(app => app.MapGet("/who", Describe).RequireAuthorization());
        using var client = PlainClient(server);
        var token = await TokenAsync();

        foreach (var scheme in new[] { "Bearer", "bearer", "Bearer " })
            Assert.Equal((HttpStatusCode.OK, "caller /client, peer -, token /client, user /client", ""), await SendAsync(client, "/who", token, scheme));
    }

    [Fact]
    public async Task The_user_has_the_claims_that_a_certificate_would_give_and_the_ticket_ends_with_the_token()
    {
        var server = await StartPlainAsync(app =>
        {
            app.MapGet("/user", (ClaimsPrincipal user) => user.Claims.Select(c => $"{c.Type} {c.Value} {c.Issuer}").Append($"{user.Identity!.Name} {user.Identity.AuthenticationType}"));
            app.MapGet("/ends", async (HttpContext http, CancellationToken _) => (await http.AuthenticateAsync("SpiffeJwt")).Properties!.ExpiresUtc!.Value == http.GetSpiffeToken()!.ExpiresAt);
            app.MapGet("/claim", (HttpContext http) => http.GetSpiffeToken()!.Claims.GetProperty("aud").ToString());
        });
        using var client = PlainClient(server);
        var token = await TokenAsync();

        string[] expected =
        [
            $"{ClaimTypes.NameIdentifier} {ClientId} spiffe://example.org",
            $"{ClaimTypes.Name} {ClientId} spiffe://example.org",
            $"spiffe_id {ClientId} spiffe://example.org",
            "spiffe_trust_domain example.org spiffe://example.org",
            "spiffe_path /client spiffe://example.org",
            $"{ClientId} SpiffeJwt",
        ];
        Assert.Equal(expected, JsonSerializer.Deserialize<string[]>((await SendAsync(client, "/user", token)).Body));
        Assert.Equal("true", (await SendAsync(client, "/ends", token)).Body);
        Assert.Equal($"""["{Audience}"]""", (await SendAsync(client, "/claim", token)).Body);
    }

    [Fact]
    public async Task Without_a_token_there_is_no_result_and_the_challenge_says_Bearer()
    {
        var server = await StartPlainAsync(app =>
        {
            app.MapGet("/user", () => "").RequireAuthorization();
            app.MapGet("/open", async (HttpContext http, CancellationToken _) => $"{(await http.AuthenticateAsync("SpiffeJwt")).None} {Describe(http)}");
        });
        using var client = PlainClient(server);

        Assert.Equal("True caller -, peer -, token -, user -", (await SendAsync(client, "/open", null)).Body);
        Assert.Equal("True caller -, peer -, token -, user -", (await SendAsync(client, "/open", "dXNlcjpwYXNz", "Basic")).Body);
        Assert.Equal("True caller -, peer -, token -, user -", (await SendAsync(client, "/open", await TokenAsync(), "BearerX")).Body);

        var (status, body, challenge) = await SendAsync(client, "/user", null);
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (status, challenge));
        Assert.Contains("\"title\":\"Unauthorized\"", body);
        Assert.DoesNotContain(Logs.All, record => record.Event.Name == "TokenRefused");
    }

    [Fact, Trait("Spec", "JW-18")]
    public async Task A_token_anywhere_else_is_not_seen()
    {
        var server = await StartPlainAsync(app => app.MapGet("/user", () => "").RequireAuthorization());
        using var client = PlainClient(server);
        var token = await TokenAsync();

        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), await RefusalAsync($"/user?access_token={token}"));
        client.DefaultRequestHeaders.Add("Cookie", $"access_token={token}");
        client.DefaultRequestHeaders.Add("X-Authorization", $"Bearer {token}");
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), await RefusalAsync("/user"));

        async Task<(HttpStatusCode, string)> RefusalAsync(string path) => await SendAsync(client, path, null) is var (status, _, challenge) ? (status, challenge) : default;
    }

    [Fact]
    public async Task An_endpoint_that_asks_nobody_is_told_who_the_caller_is_and_what_is_missing()
    {
        var server = await StartPlainAsync(app => app.MapGet("/required", (HttpContext http) =>
        {
            try
            {
                return http.GetRequiredSpiffeId().ToString();
            }
            catch (InvalidOperationException e)
            {
                return e.Message;
            }
        }));
        using var client = PlainClient(server);

        Assert.Equal(ClientId, (await SendAsync(client, "/required", await TokenAsync())).Body);
        Assert.Contains("RequireAuthorization()", (await SendAsync(client, "/required", null)).Body);
    }

    [Theory]
    [InlineData(false, null, "SpiffeJwt")]
    [InlineData(true, null, "Spiffe")]
    [InlineData(true, "", "Cookies")]
    [InlineData(true, "SpiffeJwt", "SpiffeJwt")]
    public async Task Beside_certificates_the_scheme_is_the_default_only_where_the_application_says_so(bool mutual, string? named, string expected)
    {
        var builder = Builder(("urls", mutual ? "https://127.0.0.1:0" : "http://127.0.0.1:0"));
        if (mutual) builder.WebHost.UseSpiffeMtls();
        AddTokens(builder, null);
        if (named is not null) builder.Services.AddAuthentication(options => options.DefaultScheme = named.Length == 0 ? null : named);
        if (named is "") builder.Services.AddAuthentication().AddCookie();
        var server = await StartAsync(builder);

        var schemes = server.Services.GetRequiredService<IAuthenticationSchemeProvider>();
        Assert.Equal(expected, (await schemes.GetDefaultAuthenticateSchemeAsync())?.Name);
        Assert.Equal(expected, (await schemes.GetDefaultChallengeSchemeAsync())?.Name);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Requests_at_the_same_time_have_each_their_own_caller(string version)
    {
        var server = await StartMutualAsync(app => app.MapGet("/who", async (HttpContext http) =>
        {
            await Task.Yield();
            return Describe(http);
        }).RequireAuthorization(policy => policy.AddAuthenticationSchemes("SpiffeJwt").RequireAuthenticatedUser()));
        using var client = await ClientAsync(server);
        client.DefaultRequestVersion = Version.Parse(version);
        (string Owner, string Token)[] tokens = [("/client", await TokenAsync()), ("/admin", await TokenAsync("admin")), ("nobody", Forge(await TokenAsync()))];

        await Parallel.ForEachAsync(Enumerable.Range(0, 300), Timeout, async (i, _) =>
        {
            var (owner, token) = tokens[i % tokens.Length];
            var (status, body, _) = await SendAsync(client, "/who", token);
            if (owner == "nobody") Assert.Equal(HttpStatusCode.Unauthorized, status);
            else Assert.Equal((HttpStatusCode.OK, $"caller {owner}, peer /client, token {owner}, user {owner}"), (status, body));
        });
    }
}
