using System.Net;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text;
using AspNetSpiffe.Tests.Clients;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcMtls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Transforms;

namespace AspNetSpiffe.RecipeTests;

/// <summary>A gateway with mutual TLS in and out: what goes through it, and to whom.</summary>
public sealed class ForwardingTests(ITestOutputHelper output) : GatewayTest(output)
{
    private static readonly string[] Claims = ["Client-Cert", "Client-Cert-Chain", "X-Forwarded-Client-Cert", "X-Client-Cert"];

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_service_is_called_with_the_identity_of_the_gateway(string version)
    {
        var gateway = await StartGatewayAsync(Cluster(await StartServiceAsync()));
        Assert.Equal(Gateway, await GetAsync(await ClientOfAsync(gateway), version, "/orders/"));
    }

    [Fact]
    public async Task Another_server_than_is_meant_is_502_for_the_client_and_the_reason_is_in_the_log()
    {
        ExpectWarning("ForwardingError");
        var reached = 0;
        var service = await StartServiceAsync(app => app.Use((http, next) =>
        {
            Interlocked.Increment(ref reached);
            return next(http);
        }));
        var gateway = await StartGatewayAsync(Cluster(service, server: "spiffe://example.org/database"));

        Assert.Equal((502, ""), await AskAsync(await ClientOfAsync(gateway), "/orders/"));
        Assert.Equal(0, reached);
        Assert.Equal(RejectionReason.NotAllowed, (await WaitForAsync("PeerRefused", Timeout)).Values["Reason"]);
        var told = await Logs.WaitForAsync(static record => record.Category.StartsWith("Yarp.", StringComparison.Ordinal) && record.Exception is SpiffePeerRejectedException, Timeout);
        Assert.Contains("It presented 'spiffe://example.org/server'. Expected was 'spiffe://example.org/database'.", told.Exception!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clusters_with_other_servers_at_the_same_address_share_no_connections()
    {
        ExpectWarning("ForwardingError");
        var service = await StartServiceAsync();
        var gateway = await StartGatewayAsync(Cluster(service), Cluster(service, "all", "spiffe://example.org/**"), Cluster(service, "other", "spiffe://example.org/database"));
        var client = await ClientOfAsync(gateway);

        var orders = await GetAsync(client, path: "/orders/connection");
        Assert.Equal(orders, await GetAsync(client, path: "/orders/connection"));
        Assert.NotEqual(orders, await GetAsync(client, path: "/all/connection"));
        Assert.Equal((502, ""), await AskAsync(client, "/other/connection"));
    }

    [Fact]
    public async Task Identities_are_renewed_under_load_and_no_request_fails()
    {
        var service = await StartServiceAsync();
        var gateway = await StartGatewayAsync(Cluster(service));
        var caller = Keep(await SourceAsync("client"));
        using var client = Client(AddressOf(gateway), SpiffeHttpHandler.Create(caller, SpiffeIdPattern.Parse(Gateway)));
        var (ours, theirs) = (gateway.Services.GetRequiredService<X509Source>(), service.Services.GetRequiredService<X509Source>());

        using var enough = new CancellationTokenSource();
        var load = Enumerable.Range(0, 3).Select(_ => LoadAsync()).ToArray();
        for (var round = 0; round < 3; round++)
        {
            await RotateAsync("admin", ours);
            await RotateAsync("server", theirs);
            await RotateAsync("client", caller);
        }

        await enough.CancelAsync();
        Assert.All(await Task.WhenAll(load), static count => Assert.True(count > 0));
        Assert.Equal(ours.Current!.DefaultSvid.Leaf.SerialNumber, await GetAsync(client, path: "/orders/serial"));

        async Task<int> LoadAsync()
        {
            for (var count = 0; ; count++)
            {
                Assert.Equal(Gateway, await GetAsync(client, path: "/orders/"));
                if (enough.IsCancellationRequested) return count + 1;
            }
        }
    }

    [Fact]
    public async Task A_route_is_for_whom_its_policy_names()
    {
        var cluster = Cluster(await StartServiceAsync());
        var gateway = await StartGatewayAsync(new InMemoryConfigProvider([RouteTo("orders", "spiffe://example.org/client")], [cluster]));

        Assert.Equal((200, Gateway), await AskAsync(await ClientOfAsync(gateway), "/orders/"));
        Assert.Equal(403, (await AskAsync(await ClientOfAsync(gateway, "server"), "/orders/")).Status);
    }

    [Theory]
    [InlineData("false", "")]
    [InlineData("true", "Client-Cert")]
    public async Task What_a_client_says_of_certificates_is_removed_and_the_service_gets_the_word_of_the_gateway_only(string forwards, string arrived)
    {
        var service = await StartServiceAsync(app => app.MapGet("/claims", (HttpContext http) => string.Join(' ', Claims.Where(http.Request.Headers.ContainsKey)) + (http.Request.Headers["Client-Cert"] == "forged" ? " forged" : "")));
        var gateway = await StartGatewayAsync(Cluster(service, metadata: ("SpiffeForwardCaller", forwards)));
        Assert.Equal((200, arrived), await AskAsync(await ClientOfAsync(gateway), "/orders/claims", [.. Claims.Select(static name => (name, "forged"))]));
    }

    [Fact]
    public async Task A_header_that_a_route_sets_stays()
    {
        var service = await StartServiceAsync(static app => app.MapGet("/claims", (HttpContext http) => $"{http.Request.Headers["X-Forwarded-Client-Cert"]}"));
        var route = RouteTo("orders").WithTransformRequestHeader("X-Forwarded-Client-Cert", "of the route", append: false);
        var gateway = await StartGatewayAsync(new InMemoryConfigProvider([route], [Cluster(service)]));
        Assert.Equal((200, "of the route"), await AskAsync(await ClientOfAsync(gateway), "/orders/claims", ("X-Forwarded-Client-Cert", "forged")));
    }

    [Fact]
    public async Task A_service_that_trusts_the_gateway_knows_its_caller()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthentication().AddSpiffeForwarded(static options => options.TrustedProxies.Add(Gateway));
        var service = await StartAsync(builder, app => app.MapGet("/caller", (HttpContext http) => $"{http.GetSpiffeId()} by {http.GetSpiffePeer()}")
            .RequireAuthorization(new Microsoft.AspNetCore.Authorization.AuthorizeAttribute("spiffe://example.org/client") { AuthenticationSchemes = "SpiffeForwarded" }));
        var gateway = await StartGatewayAsync(Cluster(service, metadata: ("SpiffeForwardCaller", "true")), Cluster(service, "silent"));
        var client = await ClientOfAsync(gateway);

        Assert.Equal((200, $"spiffe://example.org/client by {Gateway}"), await AskAsync(client, "/orders/caller"));
        Assert.Equal(401, (await AskAsync(client, "/silent/caller")).Status);
        Assert.Equal(403, (await AskAsync(await ClientOfAsync(gateway, "server"), "/orders/caller")).Status);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_web_socket_goes_through(string version)
    {
        var service = await StartServiceAsync(static app =>
        {
            app.UseWebSockets();
            app.Map("/socket", EchoAsync);
        });
        var gateway = await StartGatewayAsync(Cluster(service));
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Gateway)));
        using var socket = new ClientWebSocket();
        (socket.Options.HttpVersion, socket.Options.HttpVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);
        await socket.ConnectAsync(new UriBuilder(AddressOf(gateway)) { Scheme = "wss", Path = "/orders/socket" }.Uri, invoker, Timeout);

        foreach (var word in (string[])["one", "two"])
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(word), WebSocketMessageType.Text, true, Timeout);
            var buffer = new byte[100];
            var answer = await socket.ReceiveAsync(buffer, Timeout);
            Assert.Equal($"{word} for {Gateway}", Encoding.UTF8.GetString(buffer, 0, answer.Count));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Timeout);
    }

    [Fact]
    public async Task Calls_of_gRPC_go_through_with_their_streams_and_statuses()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddGrpc();
        var cluster = Cluster(await StartAsync(builder, static app => app.MapGrpcService<GreeterService>()));
        var gateway = await StartGatewayAsync(new InMemoryConfigProvider([new() { RouteId = "grpc", ClusterId = "orders", Match = new() { Path = "/greeter.Greeter/{method}" } }], [cluster]));
        using var channel = GrpcChannel.ForAddress(AddressOf(gateway), new() { HttpHandler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Gateway)) });
        var greeter = new Greeter.GreeterClient(channel);

        Assert.Equal($"Hello, Ada, by {Gateway}", (await greeter.SayHelloAsync(new() { Name = "Ada" }, cancellationToken: Timeout)).Message);
        using var chat = greeter.Chat(cancellationToken: Timeout);
        foreach (var name in (string[])["Ben", "Eve"])
        {
            await chat.RequestStream.WriteAsync(new() { Name = name }, Timeout);
            Assert.True(await chat.ResponseStream.MoveNext(Timeout));
            Assert.Equal($"Hello, {name}, by {Gateway}", chat.ResponseStream.Current.Message);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(Timeout));
        var refused = await Assert.ThrowsAsync<RpcException>(() => greeter.ForgetAsync(new(), cancellationToken: Timeout).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "never"), (refused.StatusCode, refused.Status.Detail));
    }

    [Fact]
    public async Task The_other_settings_of_a_cluster_are_honoured()
    {
        var service = await StartServiceAsync(static app => app.MapGet("/protocol", (HttpContext http) => $"{http.Features.Get<ITlsHandshakeFeature>()!.Protocol} {http.Request.Protocol}"));
        var proxy = Keep(new ConnectProxy());
        var cluster = Cluster(service) with
        {
            HttpClient = new() { SslProtocols = SslProtocols.Tls12, WebProxy = new() { Address = proxy.Address }, MaxConnectionsPerServer = 7 },
            HttpRequest = new() { Version = HttpVersion.Version11 },
        };
        SocketsHttpHandler? made = null;
        var gateway = await StartGatewayAsync(new InMemoryConfigProvider(RoutesTo(cluster), [cluster]), (context, handler) => made = context.ClusterId == "orders" ? handler : null);

        Assert.Equal((200, "Tls12 HTTP/1.1"), await AskAsync(await ClientOfAsync(gateway), "/orders/protocol"));
        Assert.Equal([AddressOf(service).Authority], proxy.Tunnels);
        Assert.Equal((7, false, false, false), (made!.MaxConnectionsPerServer, made.UseCookies, made.AllowAutoRedirect, made.PreAuthenticate));
    }

    [Fact]
    public async Task A_probe_of_the_health_of_a_destination_shows_the_identity_too()
    {
        // YARP probes first while the gateway is built, and has no identity yet.
        AllowWarning("DestinationActiveProbingFailed");
        var probed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var service = await StartServiceAsync(app => app.MapGet("/healthz", (HttpContext http) => probed.TrySetResult($"{http.GetSpiffeId()}")));
        await StartGatewayAsync(Cluster(service) with { HealthCheck = new() { Active = new() { Enabled = true, Path = "/healthz", Interval = TimeSpan.FromMilliseconds(100) } } });
        Assert.Equal(Gateway, await probed.Task.WaitAsync(Timeout));
    }

    private static async Task EchoAsync(HttpContext http)
    {
        using var socket = await http.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        while (await socket.ReceiveAsync(buffer, http.RequestAborted) is { MessageType: WebSocketMessageType.Text } said)
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetString(buffer, 0, said.Count)} for {http.GetSpiffeId()}"), WebSocketMessageType.Text, true, http.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
    }

    private sealed class GreeterService : Greeter.GreeterBase
    {
        public override Task<HelloReply> SayHello(HelloRequest request, ServerCallContext context) => Task.FromResult(Reply(request, context));

        public override async Task Chat(IAsyncStreamReader<HelloRequest> requestStream, IServerStreamWriter<HelloReply> responseStream, ServerCallContext context)
        {
            await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken)) await responseStream.WriteAsync(Reply(request, context), context.CancellationToken);
        }

        public override Task<HelloReply> Forget(HelloRequest request, ServerCallContext context) => throw new RpcException(new(StatusCode.FailedPrecondition, "never"));

        private static HelloReply Reply(HelloRequest request, ServerCallContext context) => new() { Message = $"Hello, {request.Name}, by {context.GetHttpContext().GetSpiffeId()}" };
    }
}
