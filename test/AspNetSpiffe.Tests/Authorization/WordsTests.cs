using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>RequireSpiffe, RequireTrustDomain, RequirePathPrefix: the same words for endpoints, groups and the pipeline.</summary>
public sealed class WordsTests
{
    public static TheoryData<string> Kinds => ["endpoint", "group", "pipeline"];

    [Theory, MemberData(nameof(Kinds))]
    public Task RequireSpiffe_lets_every_verified_caller_pass(string kind) =>
        AssertAsync(kind, e => e.RequireSpiffe(), a => a.RequireSpiffe(), allowed: [Peers.Web, Peers.Ops, Peers.Stranger], refused: []);

    [Theory, MemberData(nameof(Kinds))]
    public Task RequireSpiffe_with_a_pattern_lets_those_pass_whom_it_means(string kind) =>
        AssertAsync(kind, e => e.RequireSpiffe("spiffe://example.org/ns/**"), a => a.RequireSpiffe("spiffe://example.org/ns/**"), [Peers.Web], [Peers.Ops, Peers.Stranger]);

    [Theory, MemberData(nameof(Kinds))]
    public Task RequireTrustDomain_lets_its_members_pass_whatever_the_case_of_its_letters(string kind) =>
        AssertAsync(kind, e => e.RequireTrustDomain("Example.ORG"), a => a.RequireTrustDomain("Example.ORG"), [Peers.Web, Peers.Ops], [Peers.Stranger]);

    [Theory, MemberData(nameof(Kinds))]
    public Task RequirePathPrefix_compares_whole_segments(string kind) =>
        AssertAsync(kind, e => e.RequirePathPrefix("/ops"), a => a.RequirePathPrefix("/ops"), [Peers.Ops, Peers.Create("/ops")], [Peers.Web, Peers.Create("/opsx")]);

    [Theory, MemberData(nameof(Kinds))]
    public Task All_of_several_words_must_be_met(string kind) =>
        AssertAsync(kind, e => e.RequireTrustDomain("example.org").RequirePathPrefix("/ns"), a => a.RequireTrustDomain("example.org").RequirePathPrefix("/ns"), [Peers.Web], [Peers.Ops, Peers.Stranger]);

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_caller_whose_SVID_has_expired_is_nobody(string kind)
    {
        await using var server = await StartAsync(kind, e => e.RequireSpiffe(), a => a.RequireSpiffe());
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/"));

        server.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/"));
    }

    [Fact]
    public async Task The_check_comes_before_the_binding_of_parameters()
    {
        await using var server = await PeerServer.StartAsync(app => app.MapGet("/", (int page) => page).RequireSpiffe(), environment: "Development");

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/?page=none"));
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/?page=1"));
    }

    [Fact]
    public async Task AllowAnonymous_lifts_a_word_on_an_endpoint_and_the_start_warns_of_it()
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            app.MapGet("/open", () => "").RequireSpiffe().AllowAnonymous();
            app.MapGet("/closed", () => "").RequireSpiffe();
        });

        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/open"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/closed"));
        Assert.Contains("/open", Assert.Single(server.Logs.All, record => record.Event.Name == "RequirementLifted").Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllowAnonymous_does_not_lift_a_word_in_the_pipeline()
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            app.RequireSpiffe();
            app.MapGet("/", () => "").AllowAnonymous();
        });
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/"));
    }

    [Theory]
    [InlineData("endpoint")]
    [InlineData("pipeline")]
    public async Task A_user_of_another_connection_is_no_certificate_of_this_one(string kind)
    {
        ClaimsPrincipal? kept = null;
        await using var server = await PeerServer.StartAsync(
            app =>
            {
                app.UseRouting();
                app.UseAuthentication();
                app.Use((http, next) =>
                {
                    http.User = kept ??= http.User;
                    return next(http);
                });
                if (kind == "pipeline") app.RequireSpiffe(Peers.Web.ToString());
                app.UseAuthorization();
                var get = app.MapGet("/", () => "");
                if (kind == "endpoint") get.RequireSpiffe(Peers.Web.ToString());
            },
            Peers.Web);

        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/"));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/"));
    }

    [Fact]
    public async Task Where_more_than_a_certificate_is_required_it_makes_nobody_a_user()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder => builder.Services.AddSpiffeServerSecurity().AddAuthentication("User").AddScheme<UserOptions, UserHandler>("User", null),
            app =>
            {
                app.MapGet("/word", (HttpContext http) => $"{http.User.Identity?.Name} {http.GetSpiffeId()}").RequireSpiffe();
                app.MapGet("/more", (HttpContext http) => $"{http.User.Identity?.Name} {http.GetSpiffeId()}").RequireSpiffe().RequireAuthorization(policy => policy.RequireAssertion(_ => true));
            },
            Peers.Web);

        Assert.Equal((HttpStatusCode.OK, $"{Peers.Web} {Peers.Web}"), await server.GetAsync("/word"));
        Assert.Equal((HttpStatusCode.OK, $" {Peers.Web}"), await server.GetAsync("/more"));
    }

    [Fact]
    public async Task In_an_application_that_verifies_nobody_a_word_lets_nobody_pass_and_in_the_pipeline_it_says_what_is_missing()
    {
        await using var server = await PeerServer.StartWithAsync(_ => { }, app => app.MapGet("/", () => "").RequireSpiffe(), Peers.Web);
        Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync("/"));

        await using var app = WebApplication.CreateSlimBuilder().Build();
        Assert.Contains("UseSpiffeMtls()", Assert.Throws<InvalidOperationException>(() => app.RequireSpiffe()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_in_the_log_of_authorization()
    {
        await using var server = await PeerServer.StartAsync(app => app.MapGet("/orders", () => "").RequirePathPrefix("/ops"), Peers.Web);

        await server.StatusAsync("/orders");
        var refusal = Assert.Single(server.Logs.All, record => record.Event.Name == "UserAuthorizationFailed");
        Assert.Contains("PeerRequirement: the SPIFFE ID of the connection's certificate must have a path that begins with '/ops'.", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiffe://example.org")]
    [InlineData("example.org/**")]
    [InlineData("")]
    public void A_malformed_pattern_is_refused_at_the_call(string pattern)
    {
        var app = Build();

        var expected = Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse(pattern)).Message;
        Assert.Equal(expected, Assert.Throws<FormatException>(() => app.RequireSpiffe(pattern)).Message);
        Assert.Equal(expected, Assert.Throws<FormatException>(() => app.MapGet("/", () => "").RequireSpiffe(pattern)).Message);
        Assert.Equal(expected, Assert.Throws<FormatException>(() => new RequireSpiffeAttribute(pattern)).Message);
    }

    [Theory]
    [InlineData("example.org/ops", "has a '/' at position 11")]
    [InlineData("example.org,other.org", "has a ',' at position 11")]
    [InlineData("*", "has a '*' at position 0")]
    [InlineData("spiffe://example.org", "has a '/' at position 7")]
    [InlineData("exämple.org", "is not a SPIFFE ID")]
    [InlineData("", "")]
    public void A_malformed_trust_domain_is_refused_at_the_call(string trustDomain, string message)
    {
        var app = Build();

        Assert.Contains(message, Assert.Throws<FormatException>(() => app.RequireTrustDomain(trustDomain)).Message);
        Assert.Throws<FormatException>(() => app.MapGet("/", () => "").RequireTrustDomain(trustDomain));
    }

    [Theory]
    [InlineData("ops")]
    [InlineData("/ops/")]
    [InlineData("/")]
    [InlineData("/a//b")]
    [InlineData("/a/../b")]
    [InlineData("/ö")]
    [InlineData("/ns/*")]
    public void A_malformed_prefix_is_refused_at_the_call(string prefix)
    {
        var app = Build();

        Assert.Throws<FormatException>(() => app.RequirePathPrefix(prefix));
        Assert.Throws<FormatException>(() => app.MapGet("/", () => "").RequirePathPrefix(prefix));
        Assert.Throws<ArgumentException>(() => app.RequirePathPrefix(""));
    }

    private static async Task AssertAsync(
        string kind, Action<IEndpointConventionBuilder> endpoint, Action<IApplicationBuilder> pipeline, SpiffePeer[] allowed, SpiffePeer[] refused)
    {
        await using var server = await StartAsync(kind, endpoint, pipeline);
        foreach (var peer in allowed)
        {
            server.Peer = peer;
            Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/"));
        }

        foreach (var peer in refused)
        {
            server.Peer = peer;
            using var forbidden = await server.Http1.GetAsync("/");
            await Problems.AssertAsync(forbidden, HttpStatusCode.Forbidden);
        }

        server.Peer = null;
        using var unauthorized = await server.Http1.GetAsync("/");
        await Problems.AssertAsync(unauthorized, HttpStatusCode.Unauthorized);
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSpiffeServerSecurity();
        return builder.Build();
    }

    private static Task<PeerServer> StartAsync(string kind, Action<IEndpointConventionBuilder> endpoint, Action<IApplicationBuilder> pipeline) => PeerServer.StartAsync(app =>
    {
        if (kind == "pipeline") pipeline(app);
        var group = app.MapGroup("");
        var get = group.MapGet("/", () => "");
        if (kind == "group") endpoint(group);
        if (kind == "endpoint") endpoint(get);
    });
}
