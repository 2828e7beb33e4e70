using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Routing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>Policies and words hold for every kind of endpoint: controllers, hubs and their methods, gRPC.</summary>
public sealed class EndpointKindTests
{
    private const string Web = "spiffe://example.org/ns/shop/sa/web";

    [Theory]
    [InlineData("/controller/policy")]
    [InlineData("/controller/attribute")]
    [InlineData("/controller/filter")]
    public async Task Policies_hold_for_controllers(string path)
    {
        await using var server = await StartControllersAsync(app => app.MapControllers());

        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync(path));
        server.Peer = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync(path));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/controller/open"));
    }

    [Fact]
    public async Task Words_hold_for_controllers_however_they_are_routed()
    {
        await using var attributed = await StartControllersAsync(app => app.MapControllers().RequireSpiffe(Web).LogIdentity());
        await using var conventional = await StartControllersAsync(app =>
            app.MapControllerRoute("default", "{controller}/{action}").RequireSpiffe(Web).LogIdentity());

        await using var dynamic = await PeerServer.StartWithAsync(
            builder =>
            {
                builder.Services.AddSpiffeServerSecurity().AddControllers().AddApplicationPart(typeof(GuardedController).Assembly);
                builder.Services.AddSingleton<ToConventional>();
            },
            app =>
            {
                app.MapControllers().RequireSpiffe(Web).LogIdentity();
                app.MapDynamicControllerRoute<ToConventional>("/dynamic");
            });

        foreach (var (server, path) in new[] { (attributed, "/controller/open"), (conventional, "/Conventional/Open"), (dynamic, "/dynamic") })
        {
            server.Peer = Peers.Web;
            Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
            server.Peer = Peers.Ops;
            Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync(path));
        }
    }

    [Theory]
    [InlineData("/guarded")]
    [InlineData("/word")]
    [InlineData("/policy")]
    public async Task A_hub_is_entered_only_by_whom_it_is_for(string hub)
    {
        await using var server = await StartHubsAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await NegotiateAsync(server, hub));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await NegotiateAsync(server, hub));
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await NegotiateAsync(server, hub));
    }

    [Theory]
    [InlineData("Policy")]
    [InlineData("Attribute")]
    public async Task A_method_of_a_hub_answers_only_whom_it_is_for(string method)
    {
        await using var server = await StartHubsAsync();

        server.Peer = Peers.Web;
        Assert.Contains("\"result\":\"done\"", await InvokeAsync(server, method));
        server.Peer = Peers.Ops;
        Assert.Contains("user is unauthorized", await InvokeAsync(server, method));
        server.Peer = null;
        Assert.Contains("user is unauthorized", await InvokeAsync(server, method));
        Assert.Contains("\"result\":\"done\"", await InvokeAsync(server, "Open"));
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/file.txt")]
    public async Task Words_hold_for_health_checks_and_fallbacks_to_files(string path)
    {
        await using var server = await PeerServer.StartWithAsync(
            builder => builder.Services.AddSpiffeServerSecurity().AddHealthChecks(),
            app =>
            {
                app.MapHealthChecks("/health").RequireSpiffe(Web);
                app.MapFallbackToFile("/file.txt", "nowhere.txt").RequireSpiffe(Web);
            },
            Peers.Ops);

        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync(path));
        server.Peer = null;
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync(path));
        server.Peer = Peers.Web;
        Assert.Equal(path == "/health" ? HttpStatusCode.OK : HttpStatusCode.NotFound, await server.StatusAsync(path));
    }

    [Fact]
    public async Task Words_hold_for_Razor_components()
    {
        await using var server = await PeerServer.StartWithAsync(
            builder => builder.Services.AddSpiffeServerSecurity().AddRazorComponents(),
            app =>
            {
                app.UseAntiforgery();
                app.MapRazorComponents<Page>().RequireSpiffe(Web);
            });

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/page"));
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/page"));
    }

    [Theory]
    [InlineData("/policy")]
    [InlineData("/word")]
    [InlineData("/authenticated")]
    public async Task A_gRPC_call_is_refused_with_the_status_that_its_client_reads_as_Unauthenticated_or_PermissionDenied(string path)
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            app.MapPost("/policy", () => "").RequireAuthorization(Web);
            app.MapPost("/authenticated", () => "").RequireAuthorization().RequireSpiffe(Web);

            // The builder of gRPC services has no Finally.
            new BuilderWithoutFinally(app.MapPost("/word", () => "")).RequireSpiffe(Web).LogIdentity();
        });

        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, path));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await CallAsync(server, path));
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await CallAsync(server, path));
    }

    [Fact]
    public void An_endpoint_that_is_not_known_yet_cannot_log_its_callers()
    {
        var builder = new LateEndpoint();
        builder.LogIdentity();

        Assert.Contains("'late'", Assert.Throws<InvalidOperationException>(builder.Build).Message);
    }

    private static Task<PeerServer> StartControllersAsync(Action<WebApplication> map) => PeerServer.StartWithAsync(
        builder => builder.Services.AddSpiffeServerSecurity().AddControllers().AddApplicationPart(typeof(GuardedController).Assembly),
        map);

    private static Task<PeerServer> StartHubsAsync() => PeerServer.StartWithAsync(
        builder => builder.Services.AddSpiffeServerSecurity().AddSignalR(),
        app =>
        {
            app.UseWebSockets();
            app.MapHub<GuardedHub>("/guarded");
            app.MapHub<OpenHub>("/word").RequireSpiffe(Web).LogIdentity();
            app.MapHub<OpenHub>("/policy").RequireAuthorization(Web);
            app.MapHub<OpenHub>("/open");
        });

    private static async Task<HttpStatusCode> NegotiateAsync(PeerServer server, string hub)
    {
        using var response = await server.Http1.PostAsync($"{hub}/negotiate?negotiateVersion=1", null);
        return response.StatusCode;
    }

    private static async Task<string> InvokeAsync(PeerServer server, string method)
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(server.Http1.BaseAddress!) { Scheme = "ws", Path = "/open" }.Uri, patience.Token);
        await SendAsync("""{"protocol":"json","version":1}""");
        await ReceiveAsync();
        await SendAsync($$"""{"type":1,"invocationId":"1","target":"{{method}}","arguments":[]}""");
        return await ReceiveAsync();

        Task SendAsync(string message) => socket.SendAsync(Encoding.UTF8.GetBytes(message + '\u001e'), WebSocketMessageType.Text, true, patience.Token);

        async Task<string> ReceiveAsync()
        {
            var buffer = new byte[4096];
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, patience.Token);
                var message = Encoding.UTF8.GetString(buffer, 0, received.Count);
                if (!message.Contains("\"type\":6", StringComparison.Ordinal)) return message;
            }
        }
    }

    private static async Task<HttpStatusCode> CallAsync(PeerServer server, string path)
    {
        using var content = new ByteArrayContent([0, 0, 0, 0, 0]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
        using var response = await server.Http2.PostAsync(path, content);
        return response.StatusCode;
    }

    private sealed class ToConventional : DynamicRouteValueTransformer
    {
        public override ValueTask<RouteValueDictionary> TransformAsync(HttpContext httpContext, RouteValueDictionary values) =>
            ValueTask.FromResult(new RouteValueDictionary { ["controller"] = "Conventional", ["action"] = "Open" });
    }

    private sealed class BuilderWithoutFinally(IEndpointConventionBuilder inner) : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention) => inner.Add(convention);
    }

    private sealed class LateEndpoint : EndpointBuilder, IEndpointConventionBuilder
    {
        private Action<EndpointBuilder>? _convention;

        public void Add(Action<EndpointBuilder> convention) => _convention = convention;

        public override Endpoint Build()
        {
            DisplayName = "late";
            _convention!(this);
            return new(RequestDelegate, new(), DisplayName);
        }
    }
}
