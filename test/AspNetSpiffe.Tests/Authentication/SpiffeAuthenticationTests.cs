using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authentication;

/// <summary>The scheme 'Spiffe': the peer of the connection becomes the user of the request.</summary>
public sealed class SpiffeAuthenticationTests
{
    [Fact]
    public async Task The_user_has_the_claims_of_the_peer()
    {
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", (ClaimsPrincipal user) => user.Claims.Select(c => $"{c.Type} {c.Value} {c.Issuer}").Append($"{user.Identity!.Name} {user.Identity.AuthenticationType}")),
            Peers.Web);

        string[] expected =
        [
            $"{ClaimTypes.NameIdentifier} spiffe://example.org/ns/shop/sa/web spiffe://example.org",
            $"{ClaimTypes.Name} spiffe://example.org/ns/shop/sa/web spiffe://example.org",
            "spiffe_id spiffe://example.org/ns/shop/sa/web spiffe://example.org",
            "spiffe_trust_domain example.org spiffe://example.org",
            "spiffe_path /ns/shop/sa/web spiffe://example.org",
            "spiffe://example.org/ns/shop/sa/web Spiffe",
        ];
        Assert.Equal(expected, JsonSerializer.Deserialize<string[]>(await server.Http1.GetStringAsync("/")));
    }

    [Fact]
    public async Task The_ticket_ends_with_the_SVID()
    {
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", async (HttpContext http, CancellationToken _) => (await http.AuthenticateAsync("Spiffe")).Properties!.ExpiresUtc!.Value.ToUnixTimeSeconds()),
            Peers.Web);

        Assert.Equal(Peers.Web.NotAfter.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_change_of_the_user_is_not_seen_by_the_next_request_of_the_connection()
    {
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", (HttpContext http) =>
            {
                ((ClaimsIdentity)http.User.Identity!).AddClaim(new("role", "admin"));
                return $"{http.Connection.Id} {http.User.Claims.Count()}";
            }),
            Peers.Web);

        var first = await server.Http1.GetStringAsync("/");
        Assert.EndsWith(" 6", first);
        Assert.Equal(first, await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task Requests_at_the_same_time_on_one_connection_have_users_of_their_own()
    {
        var (arrived, both) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", async (HttpContext http) =>
            {
                ((ClaimsIdentity)http.User.Identity!).AddClaim(new("role", "admin"));
                if (Interlocked.Increment(ref arrived) % 2 == 0) both.TrySetResult();
                await both.Task;
                return $"{http.Connection.Id} {http.User.Claims.Count()}";
            }),
            Peers.Web);

        var first = await Task.WhenAll(server.Http2.GetStringAsync("/"), server.Http2.GetStringAsync("/"));
        Assert.EndsWith(" 6", first[0]);
        Assert.Equal([first[0], first[0], first[0], first[0]], [.. first, await server.Http2.GetStringAsync("/"), await server.Http2.GetStringAsync("/")]);
    }

    [Fact]
    public async Task Nobody_and_an_expired_caller_are_not_authenticated()
    {
        await using var server = await PeerServer.StartAsync(app => app.MapGet("/", async (HttpContext http) =>
        {
            var result = await http.AuthenticateAsync();
            return $"{http.User.Identity?.IsAuthenticated} {result.None} {result.Failure?.Message}";
        }));
        Assert.Equal("False True ", await server.Http1.GetStringAsync("/"));

        server.Peer = Peers.Web;
        server.Time.Advance(TimeSpan.FromHours(2));
        Assert.StartsWith("False False The SVID of the caller 'spiffe://example.org/ns/shop/sa/web' expired at ", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_refusal_of_authorization_is_in_Problem_Details_and_a_challenge_by_code_is_status_and_header()
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            app.MapGet("/user", () => "").RequireAuthorization();
            app.MapGet("/forbid", (HttpContext http) => http.ForbidAsync());
            app.MapGet("/challenge", (HttpContext http) => http.ChallengeAsync());
        });

        using var challenge = await server.Http1.GetAsync("/user");
        await Problems.AssertAsync(challenge, HttpStatusCode.Unauthorized);
        Assert.Equal((HttpStatusCode.Forbidden, ""), await server.GetAsync("/forbid"));
        using var byCode = await server.Http1.GetAsync("/challenge");
        Assert.Equal((HttpStatusCode.Unauthorized, "Spiffe"), (byCode.StatusCode, byCode.Headers.WwwAuthenticate.ToString()));

        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/user"));
    }

    [Fact]
    public async Task An_answer_to_HEAD_has_no_content()
    {
        await using var server = await PeerServer.StartAsync(app => app.RequireSpiffe());

        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        using var response = await server.Http1.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/"));
    }

    [Fact]
    public async Task An_application_may_add_the_scheme_too_and_set_its_issuer()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddAuthentication().AddSpiffe(options => options.ClaimsIssuer = "us");
                builder.Services.AddSpiffeServerSecurity().AddSpiffeServerSecurity();
                builder.Services.AddAuthentication().AddSpiffe();
            },
            app => app.MapGet("/", (ClaimsPrincipal user) => user.Claims.First().Issuer),
            Peers.Web);

        Assert.Equal("us", await server.Http1.GetStringAsync("/"));
    }

    [Theory]
    [InlineData(null, "Spiffe")]
    [InlineData("", "Cookies")]
    [InlineData("Cookies", "Cookies")]
    [InlineData("Spiffe", "Spiffe")]
    public async Task The_default_scheme_is_ours_only_where_the_application_has_none(string? named, string expected)
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddSpiffeServerSecurity();
                if (named is not null) builder.Services.AddAuthentication(options => options.DefaultScheme = named.Length == 0 ? null : named).AddCookie();
            },
            app => app.MapGet("/", async (IAuthenticationSchemeProvider schemes) => (await schemes.GetDefaultChallengeSchemeAsync())?.Name));

        Assert.Equal(expected, await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task Among_several_schemes_of_an_application_none_becomes_the_default()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddAuthentication().AddCookie("A").AddCookie("B");
                builder.Services.AddSpiffeServerSecurity();
            },
            app => app.MapGet("/", async (IAuthenticationSchemeProvider schemes) => (await schemes.GetDefaultChallengeSchemeAsync())?.Name ?? "none"));

        Assert.Equal("none", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_user_of_another_scheme_can_be_asked_for_beside_ours()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddAuthentication("Cookies").AddCookie();
                builder.Services.AddSpiffeServerSecurity();
            },
            app => app.MapGet("/", [Authorize(AuthenticationSchemes = "Spiffe")] (ClaimsPrincipal user) => user.Identity!.Name),
            Peers.Web);

        Assert.Equal(Peers.Web.ToString(), await server.Http1.GetStringAsync("/"));
        server.Peer = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/"));
    }
}
