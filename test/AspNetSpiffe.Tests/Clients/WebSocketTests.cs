using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>Web sockets, and what is built on them, go the way of all requests.</summary>
public sealed class WebSocketTests(ITestOutputHelper output) : MeshTest(output)
{
    [Theory, Trait("Trial", "C-01")]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    public async Task A_web_socket_shows_our_SVID_and_is_renewed_with_it(string version, bool throughProxy)
    {
        var server = await StartServerAsync(map: MapSocket);
        var source = await SourceAsync("client");
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected), throughProxy ? Keep(new ConnectProxy()).Use : null));

        Assert.Equal("1: spiffe://example.org/client", await SayAsync(invoker, server, version, "1"));
        await RotateAsync("client", source);
        Assert.Equal("2: spiffe://example.org/client", await SayAsync(invoker, server, version, "2"));
    }

    [Theory, Trait("Trial", "C-01")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_web_socket_to_another_server_than_is_meant_is_refused(string version)
    {
        var server = await StartServerAsync(map: MapSocket);
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse("spiffe://example.org/database")));

        var error = await Assert.ThrowsAsync<WebSocketException>(() => SayAsync(invoker, server, version, "1"));
        Assert.Equal(RejectionReason.NotAllowed, Assert.IsType<SpiffePeerRejectedException>(error.InnerException).Reason);
    }

    [Theory, Trait("Trial", "C-01")]
    [InlineData("ws")]
    [InlineData("http")]
    [InlineData("ftp")]
    public async Task What_is_not_encrypted_is_refused(string scheme)
    {
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://127.0.0.1:1/");
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => invoker.SendAsync(request, Timeout));
        Assert.Contains("https (and wss) only", error.Message, StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "C-01")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_web_socket_takes_our_token_along(string version)
    {
        var tokens = new ConcurrentQueue<string>();
        var server = await StartServerAsync(map: app =>
        {
            app.Use((http, next) =>
            {
                tokens.Enqueue($"{http.Request.Headers.Authorization}");
                return next(http);
            });
            MapSocket(app);
        });
        await using var jwt = new JwtSource(new SpiffeOptions { EndpointSocket = Agent.AddressOf("client") }, Loggers);
        using var invoker = new HttpMessageInvoker(new JwtSvidHandler(jwt, "server") { InnerHandler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)) });

        await SayAsync(invoker, server, version, "1");
        Assert.StartsWith("Bearer ", Assert.Single(tokens), StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "C-01")]
    [InlineData(HttpTransportType.WebSockets, "1.1")]
    [InlineData(HttpTransportType.WebSockets, "2.0")]
    [InlineData(HttpTransportType.ServerSentEvents, "1.1")]
    [InlineData(HttpTransportType.LongPolling, "1.1")]
    public async Task A_client_of_SignalR_shows_our_SVID_with_each_transport(HttpTransportType transport, string version)
    {
        // The host may be gone before the hub has heard that its client has left.
        AllowWarning("ErrorDispatchingHubEvent");
        AllowWarning("FailedDispose");
        var callers = new ConcurrentQueue<string>();
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddSignalR();
        var server = await StartAsync(builder, app =>
        {
            app.Use((http, next) =>
            {
                callers.Enqueue($"{http.GetSpiffeId()}");
                return next(http);
            });
            app.MapHub<EchoHub>("/echo");
        });
        using var handler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected));
        await using var connection = new HubConnectionBuilder().WithUrl(new Uri(AddressOf(server), "/echo"), transport, Configure).Build();

        await connection.StartAsync(Timeout);
        Assert.Equal("hello", await connection.InvokeAsync<string>(nameof(EchoHub.Echo), "hello", Timeout));
        Assert.Equal("spiffe://example.org/client", Assert.Single(callers.Distinct()));

        void Configure(HttpConnectionOptions options)
        {
            options.HttpMessageHandlerFactory = _ => handler;

            // Over HTTP/1.1, SignalR's client asks this factory only, and over HTTP/2 the handler.
            if (version == "1.1") options.WebSocketFactory = ConnectAsync;
            else options.WebSocketConfiguration = socket => (socket.HttpVersion, socket.HttpVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        }

        async ValueTask<WebSocket> ConnectAsync(WebSocketConnectionContext context, CancellationToken cancellationToken)
        {
            var socket = new ClientWebSocket();
            await socket.ConnectAsync(context.Uri, new HttpMessageInvoker(handler, disposeHandler: false), cancellationToken);
            return socket;
        }
    }

    private static void MapSocket(WebApplication app)
    {
        app.UseWebSockets();
        app.Map("/socket", async (HttpContext http) =>
        {
            using var socket = await http.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var said = await socket.ReceiveAsync(buffer, http.RequestAborted);
            await socket.SendAsync(Encoding.UTF8.GetBytes($"{Encoding.UTF8.GetString(buffer, 0, said.Count)}: {http.GetSpiffeId()}"), WebSocketMessageType.Text, true, http.RequestAborted);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, http.RequestAborted);
        });
    }

    private async Task<string> SayAsync(HttpMessageInvoker invoker, WebApplication server, string version, string what)
    {
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new UriBuilder(AddressOf(server)) { Scheme = "wss", Path = "/socket" }.Uri, invoker, Timeout);
        await socket.SendAsync(Encoding.UTF8.GetBytes(what), WebSocketMessageType.Text, true, Timeout);
        var buffer = new byte[100];
        var answer = await socket.ReceiveAsync(buffer, Timeout);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Timeout);
        return Encoding.UTF8.GetString(buffer, 0, answer.Count);
    }

    private sealed class EchoHub : Hub
    {
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "SignalR calls methods of instances.")]
        public string Echo(string what) => what;
    }
}
