using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>What an application adds to the scheme 'Spiffe' counts wherever the scheme is asked: by policies, by words, by GetSpiffeId().</summary>
public sealed class EventTests
{
    [Fact]
    public async Task An_application_may_add_claims_to_a_verified_caller()
    {
        await using var server = await StartAsync(options => options.Events = new()
        {
            OnAuthenticated = context =>
            {
                context.Identity.AddClaim(new("team", $"of {context.Identity.Id.Path}"));
                return Task.CompletedTask;
            },
        });
        Assert.Equal((HttpStatusCode.OK, "of /ns/shop/sa/web"), await server.GetAsync("/team"));
    }

    [Theory]
    [InlineData("/policy")]
    [InlineData("/word")]
    [InlineData("/pipeline")]
    public async Task A_caller_that_an_application_refuses_is_nobody_to_policies_and_words(string path)
    {
        await using var server = await StartAsync(options => options.Events = new()
        {
            OnAuthenticated = context =>
            {
                if (context.Identity.Id.HasPathPrefix("/ops")) context.Fail("Not on Sundays.");
                return Task.CompletedTask;
            },
        });
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync(path));
        Assert.Equal((HttpStatusCode.OK, "nobody"), await server.GetAsync("/"));
    }

    [Fact]
    public async Task Events_may_come_from_the_container()
    {
        await using var server = await StartAsync(
            options => options.EventsType = typeof(Teams),
            services => services.AddScoped<Teams>());
        Assert.Equal((HttpStatusCode.OK, "from the container"), await server.GetAsync("/team"));
    }

    [Fact]
    public async Task An_event_that_throws_fails_the_request()
    {
        await using var server = await StartAsync(options => options.Events = new() { OnAuthenticated = _ => throw new InvalidOperationException("Out of order.") });
        foreach (var path in new[] { "/", "/policy", "/word" }) Assert.Equal(HttpStatusCode.InternalServerError, await server.StatusAsync(path));
    }

    [Fact]
    public async Task What_was_wrong_is_told_to_the_application_and_stays_a_refusal()
    {
        var problem = "";
        await using var server = await StartAsync(options => options.Events = new()
        {
            OnAuthenticationFailed = context =>
            {
                problem = context.Problem;
                return Task.CompletedTask;
            },
        });
        server.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/policy"));
        Assert.StartsWith("The SVID of the caller 'spiffe://example.org/ns/shop/sa/web' expired at ", problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_application_may_answer_a_challenge_and_a_refusal_itself()
    {
        await using var server = await StartAsync(options => options.Events = new()
        {
            OnChallenge = context =>
            {
                context.HandleResponse();
                context.Response.StatusCode = StatusCodes.Status418ImATeapot;
                return Task.CompletedTask;
            },
            OnForbidden = context => context.Response.WriteAsync("Ask the owner."),
        });
        server.Peer = Peers.Ops;
        Assert.Equal((HttpStatusCode.Forbidden, "Ask the owner."), await server.GetAsync("/policy"));
        server.Peer = null;
        Assert.Equal(418, (int)await server.StatusAsync("/word"));
    }

    [Fact]
    public async Task A_claims_transformation_that_clones_keeps_the_caller_and_one_that_copies_leaves_nobody()
    {
        await using var cloned = await StartAsync(_ => { }, services => services.AddSingleton<IClaimsTransformation>(new Transformation(user => user.Clone())));
        Assert.Equal(HttpStatusCode.OK, await cloned.StatusAsync("/policy"));

        await using var copied = await StartAsync(_ => { }, services => services.AddSingleton<IClaimsTransformation>(new Transformation(user => new(new ClaimsIdentity(user.Claims, "Copied")))));
        Assert.Equal(HttpStatusCode.Forbidden, await copied.StatusAsync("/policy"));
        Assert.Equal((HttpStatusCode.OK, "nobody"), await copied.GetAsync("/"));
    }

    [Theory]
    [InlineData("/policy", HttpStatusCode.Forbidden)]
    [InlineData("/word", HttpStatusCode.Unauthorized)]
    public async Task Where_the_scheme_forwards_nobody_but_a_peer_stands_in_for_one(string path, HttpStatusCode status)
    {
        await using var server = await StartAsync(
            options => options.ForwardAuthenticate = "User",
            services => services.AddAuthentication("Spiffe").AddScheme<UserOptions, UserHandler>("User", user => user.EverybodyIsAlice = true));
        Assert.Equal(status, await server.StatusAsync(path));
    }

    [Fact]
    public async Task A_second_scheme_of_the_kind_has_its_own_options()
    {
        await using var server = await StartAsync(
            _ => { },
            services => services.AddAuthentication("Spiffe").AddSpiffe("Other", "another", options => options.ClaimsIssuer = "us"),
            app => app.MapGet("/other", (ClaimsPrincipal user) => $"{user.Claims.First().Issuer} {user.Identity!.AuthenticationType}")
                .RequireAuthorization(new AuthorizeAttribute("spiffe:any") { AuthenticationSchemes = "Other" }));
        Assert.Equal((HttpStatusCode.OK, "us Other"), await server.GetAsync("/other"));
    }

    private static Task<PeerServer> StartAsync(Action<SpiffeAuthenticationOptions> configure, Action<IServiceCollection>? add = null, Action<WebApplication>? map = null) => PeerServer.StartWithAsync(
        builder =>
        {
            builder.Services.AddSpiffeServerSecurity().Configure("Spiffe", configure);
            add?.Invoke(builder.Services);
        },
        app =>
        {
            app.MapGet("/", (HttpContext http) => http.GetSpiffeId()?.ToString() ?? "nobody");
            app.MapGet("/team", (ClaimsPrincipal user) => user.FindFirst("team")?.Value);
            app.MapGet("/policy", () => "").RequireAuthorization("spiffe://example.org/ns/**");
            app.MapGet("/word", () => "").RequireSpiffe();
            app.UseWhen(http => http.Request.Path == "/pipeline", branch => branch.RequireSpiffe());
            app.MapGet("/pipeline", () => "");
            map?.Invoke(app);
        },
        Peers.Web);

    private sealed class Teams : SpiffeAuthenticationEvents
    {
        public override Task Authenticated(SpiffeAuthenticatedContext context)
        {
            context.Identity.AddClaim(new("team", "from the container"));
            return Task.CompletedTask;
        }
    }

    private sealed class Transformation(Func<ClaimsPrincipal, ClaimsPrincipal> transform) : IClaimsTransformation
    {
        public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal) => Task.FromResult(transform(principal));
    }
}
