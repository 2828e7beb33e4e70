using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.ShortWays;

/// <summary>The short ways around the framework's services give the answers of the long ones, which requests take where Debug is logged.</summary>
public sealed class SameAnswerTests
{
    private static readonly string[] Paths = ["/", "/policy", "/two", "/open", "/role", "/user", "/scheme", "/test", "/assertion", "/again"];

    [Theory]
    [InlineData("nothing of its own", HttpStatusCode.OK)]
    [InlineData("a default scheme", HttpStatusCode.OK)]
    [InlineData("two schemes and no default", HttpStatusCode.OK)]
    [InlineData("an issuer", HttpStatusCode.OK)]
    [InlineData("a clock that stands still", HttpStatusCode.OK)]
    [InlineData("a transformation before", HttpStatusCode.OK)]
    [InlineData("a transformation after", HttpStatusCode.OK)]
    [InlineData("ForwardAuthenticate", HttpStatusCode.OK)]
    [InlineData("ForwardDefault", HttpStatusCode.OK)]
    [InlineData("ForwardDefaultSelector", HttpStatusCode.OK)]
    [InlineData("events that nobody can make", HttpStatusCode.InternalServerError)]
    [InlineData("an authentication service before", HttpStatusCode.OK)]
    [InlineData("an authentication service after", HttpStatusCode.OK)]
    [InlineData("a provider of handlers", HttpStatusCode.OK)]
    [InlineData("another handler for our scheme", HttpStatusCode.OK)]
    [InlineData("a fallback policy", HttpStatusCode.OK)]
    [InlineData("a default policy", HttpStatusCode.OK)]
    [InlineData("a handler that says nothing", HttpStatusCode.OK)]
    [InlineData("a handler that says no, before", HttpStatusCode.Forbidden)]
    [InlineData("a handler that says no, after", HttpStatusCode.Forbidden)]
    [InlineData("our handler taken away", HttpStatusCode.Forbidden)]
    [InlineData("a provider of authorization handlers", HttpStatusCode.Forbidden)]
    [InlineData("a factory of contexts", HttpStatusCode.Forbidden)]
    [InlineData("a judge", HttpStatusCode.Forbidden)]
    [InlineData("an authorization service before", HttpStatusCode.Forbidden)]
    [InlineData("an authorization service after", HttpStatusCode.Forbidden)]
    [InlineData("a policy evaluator before", HttpStatusCode.Forbidden)]
    [InlineData("a policy evaluator after", HttpStatusCode.Forbidden)]
    public async Task Both_ways_answer_the_same(string application, HttpStatusCode policy)
    {
        await using var brief = await StartAsync(application, LogLevel.Information);
        await using var full = await StartAsync(application, LogLevel.Debug);

        foreach (var (peer, age) in new (SpiffePeer?, int)[] { (Peers.Web, 0), (Peers.Ops, 0), (Peers.Stranger, 0), (null, 0), (Peers.Web, 2) })
        {
            foreach (var server in new[] { brief, full })
            {
                server.Peer = peer;
                server.Time.Advance(TimeSpan.FromHours(age));
            }

            foreach (var path in Paths)
            {
                var expected = await full.GetAsync(path);
                Assert.Equal(expected, await brief.GetAsync(path));

                // The first of all requests takes the long way: before it there is nothing to measure by.
                Assert.Equal(expected, await brief.GetAsync(path));
                if (path == "/policy" && peer == Peers.Web && age == 0) Assert.Equal(policy, expected.Status);
            }
        }
    }

    [Fact]
    public async Task A_handler_that_comes_with_a_later_request_is_heard()
    {
        await using var server = await StartAsync("a handler that says no later", LogLevel.Information);
        server.Peer = Peers.Web;

        var answers = new[] { await server.StatusAsync("/policy"), await server.StatusAsync("/policy"), await server.StatusAsync("/policy"), await server.StatusAsync("/policy") };
        Assert.Equal(2, answers.Count(status => status == HttpStatusCode.Forbidden));
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
    public async Task Whoever_asks_again_in_a_request_gets_the_same_user_and_in_another_scope_a_new_answer()
    {
        PeerServer? started = null;
        var step = TimeSpan.Zero;
        await using var server = started = await PeerServer.StartAsync(
            app => app.MapGet("/", async (HttpContext http) =>
            {
                var handler = await http.RequestServices.GetRequiredService<IAuthenticationHandlerProvider>().GetHandlerAsync(http, "Spiffe");
                ClaimsPrincipal?[] users = [http.User, (await http.AuthenticateAsync("Spiffe")).Principal, (await http.AuthenticateAsync()).Principal, (await handler!.AuthenticateAsync()).Principal];
                started!.Time.Advance(step);
                var sameScope = (await http.AuthenticateAsync("Spiffe")).Succeeded;
                await using var scope = http.RequestServices.CreateAsyncScope();
                http.RequestServices = scope.ServiceProvider;
                var newScope = (await http.AuthenticateAsync("Spiffe")).Succeeded;
                return $"{users.Distinct().Count()} {sameScope} {newScope}";
            }),
            Peers.Web);

        // The first of all requests takes the long way.
        Assert.Equal("1 True True", await server.Http1.GetStringAsync("/"));
        step = TimeSpan.FromHours(2);
        Assert.Equal("1 True False", await server.Http1.GetStringAsync("/"));
    }

    [Fact]
    public async Task Who_measures_and_who_logs_misses_nothing()
    {
        await using var server = await StartAsync("nothing of its own", LogLevel.Information);
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/policy"));

        var heard = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Scope == server.Services.GetRequiredService<IMeterFactory>()) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => Hear(instrument));
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => Hear(instrument));
        listener.Start();
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/policy"));
        lock (heard) Assert.Equal(["aspnetcore.authentication.authenticate.duration", "aspnetcore.authorization.attempts"], heard);

        await using var talkative = await StartAsync("nothing of its own", LogLevel.Debug);
        talkative.Peer = Peers.Web;
        for (var i = 0; i < 2; i++) Assert.Equal(HttpStatusCode.OK, await talkative.StatusAsync("/policy"));
        Assert.Equal(2, talkative.Logs.All.Count(record => record.Event.Name == "AuthenticationSchemeAuthenticated"));
        Assert.Equal(2, talkative.Logs.All.Count(record => record.Event.Name == "UserAuthorizationSucceeded"));

        void Hear(Instrument instrument)
        {
            lock (heard)
                if (instrument.Name.StartsWith("aspnetcore.auth", StringComparison.Ordinal)) heard.Add(instrument.Name);
        }
    }

    [Fact]
    public async Task A_refusal_is_logged_as_ever()
    {
        await using var server = await StartAsync("nothing of its own", LogLevel.Information);
        server.Peer = Peers.Ops;

        for (var i = 0; i < 2; i++) Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/policy"));
        Assert.Equal(2, server.Logs.All.Count(record => record.Event.Name == "UserAuthorizationFailed"));
    }

    private static Task<PeerServer> StartAsync(string application, LogLevel level) => PeerServer.StartWithAsync(
        builder =>
        {
            builder.Logging.SetMinimumLevel(level);
            Applications.All[application](builder.Services);
        },
        Map);

    private static void Map(WebApplication app)
    {
        app.MapGet("/", Describe);
        app.MapGet("/policy", Describe).RequireAuthorization("spiffe://example.org/ns/shop/**");
        app.MapGet("/two", Describe).RequireAuthorization("spiffe://example.org/**", "spiffe://example.org/ops/**");
        app.MapGet("/open", Describe).RequireAuthorization("spiffe://example.org/ns/shop/**").AllowAnonymous();
        app.MapGet("/role", Describe).RequireAuthorization("spiffe:any").RequireAuthorization(policy => policy.RequireRole("admin"));
        app.MapGet("/user", Describe).RequireAuthorization("spiffe:any").RequireAuthorization();
        app.MapGet("/scheme", Describe).RequireAuthorization(new AuthorizeAttribute("spiffe://example.org/ns/**") { AuthenticationSchemes = "Spiffe" });
        app.MapGet("/test", Describe).RequireAuthorization(policy => policy.AddRequirements(new SpiffeRequirement(SpiffeIdPattern.Any)).RequireAuthenticatedUser());
        app.MapGet("/assertion", Describe).RequireAuthorization("spiffe:any").RequireAuthorization(policy => policy.RequireAssertion(context => context.Resource is not HttpContext));
        app.MapGet("/again", async (HttpContext http, CancellationToken _) =>
        {
            var result = await http.AuthenticateAsync("Spiffe");
            return $"{result.None} {result.Failure?.Message} {result.Properties?.ExpiresUtc:u} {result.Principal == http.User} {Describe(http)}";
        });
    }

    private static string Describe(HttpContext http)
    {
        var ticket = http.Features.Get<IAuthenticateResultFeature>()?.AuthenticateResult?.Ticket;
        var items = ticket?.Properties.Items.Select(item => $"{item.Key}={item.Value}") ?? [];
        return $"{http.User.Identity?.Name} {http.User.Identity?.AuthenticationType} {string.Join('|', http.User.Claims.Select(c => $"{c.Type}={c.Value} of {c.Issuer}"))} "
            + $"{ticket?.AuthenticationScheme} {ticket?.Properties.ExpiresUtc:u} {string.Join('|', items)} {ticket?.Principal == http.User}";
    }
}
