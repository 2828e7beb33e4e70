using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>Policies whose names are patterns.</summary>
public sealed class PolicyTests
{
    [Theory]
    [InlineData("/attribute")]
    [InlineData("/convention")]
    [InlineData("/ours")]
    [InlineData("/group/inner")]
    public async Task A_policy_named_by_a_pattern_lets_pass_whom_it_means(string path)
    {
        await using var server = await PeerServer.StartAsync(Map, Peers.Web);
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));

        server.Peer = Peers.Ops;
        using var forbidden = await server.Http1.GetAsync(path);
        await Problems.AssertAsync(forbidden, HttpStatusCode.Forbidden);

        server.Peer = null;
        using var unauthorized = await server.Http1.GetAsync(path);
        await Problems.AssertAsync(unauthorized, HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_caller_whose_SVID_has_expired_is_nobody()
    {
        await using var server = await PeerServer.StartAsync(Map, Peers.Web);
        server.Time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/attribute"));
    }

    [Fact]
    public async Task Policies_of_the_application_work_beside_ours()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddAuthorization(options => options.AddPolicy("Web", policy => policy.RequireClaim(SpiffeClaimTypes.Path, "/ns/shop/sa/web")));
                builder.Services.AddSpiffeServerSecurity();
                builder.Services.AddAuthorization(options => options.AddPolicy("Reports", policy => policy.AddRequirements(new SpiffeRequirement(SpiffeIdPattern.Any))));
            },
            app =>
            {
                app.MapGet("/own", () => "").RequireAuthorization("Web");
                app.MapGet("/requirement", () => "").RequireAuthorization("Reports");
                app.MapGet("/both", () => "").RequireAuthorization("Web", "spiffe:any");
            },
            Peers.Web);
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/own"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/requirement"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/both"));

        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/own"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/requirement"));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/both"));

        server.Peer = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/requirement"));
    }

    [Fact]
    public async Task Beside_another_default_scheme_a_policy_names_ours_and_it_answers()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddAuthentication("Cookies").AddCookie();
                builder.Services.AddSpiffeServerSecurity();
            },
            app =>
            {
                app.MapGet("/web", () => "").RequireAuthorization(new AuthorizeAttribute("spiffe://example.org/ns/*/sa/web") { AuthenticationSchemes = "Spiffe" });
                app.MapGet("/user", () => "").RequireAuthorization();
                app.MapGet("/both", () => "").RequireSpiffe().RequireAuthorization();
            },
            Peers.Web);

        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/web"));
        Assert.Equal("/Account/Login", await FinalAddressAsync("/user"));
        Assert.Equal("/Account/Login", await FinalAddressAsync("/both"));

        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/web"));
        server.Peer = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/web"));

        async Task<string> FinalAddressAsync(string path)
        {
            using var response = await server.Http1.GetAsync(path);
            return response.RequestMessage!.RequestUri!.AbsolutePath;
        }
    }

    [Theory]
    [InlineData("Web", true)]
    [InlineData("spiffe://example.org/ns/shop/**", true)]
    [InlineData("SPIFFE://Example.org/ns/shop/**", true)]
    [InlineData("spiffe://example.org/a,spiffe://example.org/ns/shop/sa/web", true)]
    [InlineData("spiffe://example.org/ops/**", false)]
    public async Task A_policy_can_be_asked_for_by_code(string policy, bool allowed)
    {
        await using var server = await PeerServer.StartWithAsync(
            builder => builder.Services.AddSpiffeServerSecurity().AddAuthorizationBuilder().AddPolicy("Web", p => p.RequireAssertion(_ => true)),
            app => app.MapGet("/", async (HttpContext http, IAuthorizationService service) => (await service.AuthorizeAsync(http.User, http, policy)).Succeeded),
            Peers.Web);

        Assert.Equal(allowed ? "true" : "false", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_policy_needs_a_user_and_no_request()
    {
        await using var server = await PeerServer.StartAsync(
            app => app.MapGet("/", async (HttpContext http, IAuthorizationService service) => (await service.AuthorizeAsync(http.User, "a document", "spiffe:any")).Succeeded),
            Peers.Web);

        Assert.Equal("true", await server.Http1.GetStringAsync("/"));
        server.Peer = null;
        Assert.Equal("false", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task Claims_of_another_scheme_are_no_SPIFFE_ID()
    {
        await using var server = await PeerServer.StartAsync(app => app.MapGet("/", async (IAuthorizationService service) =>
        {
            var forged = new ClaimsIdentity([new(SpiffeClaimTypes.Id, "spiffe://example.org/a"), new(ClaimTypes.Name, "spiffe://example.org/a")], "Spiffe");
            return (await service.AuthorizeAsync(new(forged), null, "spiffe:any")).Succeeded;
        }));

        Assert.Equal("false", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_name_is_compiled_once_and_the_policies_of_endpoints_stay_cached()
    {
        await using var server = await PeerServer.StartAsync(Map);
        var provider = server.Services.GetRequiredService<IAuthorizationPolicyProvider>();

        Assert.True(provider.AllowsCachingPolicies);
        Assert.Same(await provider.GetPolicyAsync("spiffe://example.org/x"), await provider.GetPolicyAsync("spiffe://example.org/x"));
        Assert.NotSame(await provider.GetPolicyAsync("spiffe://example.org/x"), await provider.GetPolicyAsync("spiffe://example.org/X"));
    }

    [Fact]
    public void Names_from_requests_do_not_fill_the_memory()
    {
        var policies = new SpiffePolicies();
        for (var i = 0; i < 1024; i++) policies.Get($"spiffe://example.org/{i}");

        Assert.Same(policies.Get("spiffe://example.org/0"), policies.Get("spiffe://example.org/0"));
        Assert.NotSame(policies.Get("spiffe://example.org/more"), policies.Get("spiffe://example.org/more"));
    }

    [Fact]
    public async Task The_policies_of_all_endpoints_are_kept_however_many_there_are_and_whatever_requests_name()
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            for (var i = 0; i < 1_100; i++) app.MapGet($"/{i}", () => "").WithMetadata(new AuthorizeAttribute($"spiffe://example.org/{i}"));
        });
        var policies = server.Services.GetRequiredService<SpiffePolicies>();
        for (var i = 0; i < 1_100; i++) policies.Get($"spiffe://example.org/other-{i}");
        for (var i = 0; i < 1_100; i++) Assert.Same(policies.Get($"spiffe://example.org/{i}"), policies.Get($"spiffe://example.org/{i}"));
        Assert.Same(policies.Get("spiffe://example.org/other-1023"), policies.Get("spiffe://example.org/other-1023"));
        Assert.NotSame(policies.Get("spiffe://example.org/other-1024"), policies.Get("spiffe://example.org/other-1024"));
    }

    [Fact]
    public async Task A_malformed_name_has_the_message_of_the_pattern()
    {
        await using var server = await PeerServer.StartAsync(Map);
        var provider = server.Services.GetRequiredService<IAuthorizationPolicyProvider>();

        var expected = Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse("spiffe://example.org")).Message;
        Assert.Equal(expected, (await Assert.ThrowsAsync<FormatException>(() => provider.GetPolicyAsync("spiffe://example.org"))).Message);
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/attribute", [Authorize(Policy = "spiffe://example.org/ns/shop/**")] () => "");
        app.MapGet("/convention", () => "").RequireAuthorization("spiffe://example.org/ns/*/sa/web");
        app.MapGet("/ours", [RequireSpiffe("spiffe://example.org/ns/shop/sa/web")] (SpiffeCaller caller) => "");
        app.MapGroup("/group").RequireAuthorization("spiffe://example.org/ns/**").MapGet("/inner", () => "");
    }
}
