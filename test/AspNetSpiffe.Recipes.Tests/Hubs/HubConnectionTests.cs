using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests;
using AspNetSpiffe.Tests.Clients;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.RecipeTests;

/// <summary>A client of SignalR with AddSpiffeMtls, and a hub that knows its callers.</summary>
public sealed class HubConnectionTests(ITestOutputHelper output) : MeshTest(output)
{
    // Of each request: its method, who sent it, with which certificate, and what it brought.
    private readonly ConcurrentQueue<(string Method, string? Caller, string Serial, string Token, string Tenant)> _requests = [];

    public static TheoryData<HttpTransportType> Transports => [HttpTransportType.WebSockets, HttpTransportType.ServerSentEvents, HttpTransportType.LongPolling];

    [Theory, MemberData(nameof(Transports))]
    public async Task Every_request_of_a_transport_shows_our_SVID_and_a_new_start_shows_the_renewed_one(HttpTransportType transport)
    {
        var address = await StartHubAsync();
        var source = await SourceAsync("client");
        await using var connection = Connection(address, source, options => options.Transports = transport);

        Assert.Equal(["spiffe://example.org/client", "done", "refused"], await TalkAsync(connection));
        AssertRequests(source);
        await connection.StopAsync(Timeout);
        _requests.Clear();

        await RotateAsync("client", source);
        Assert.Equal(["spiffe://example.org/client", "done", "refused"], await TalkAsync(connection));
        AssertRequests(source);
    }

    [Fact]
    public async Task A_connection_that_breaks_comes_again_with_the_renewed_SVID()
    {
        AllowWarning("ErrorDispatchingHubEvent");
        var address = await StartHubAsync();
        var source = await SourceAsync("client");
        await using var connection = Connection(address, source, configure: builder => builder.WithAutomaticReconnect([TimeSpan.Zero]));
        var reconnected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Reconnected += _ =>
        {
            reconnected.TrySetResult();
            return Task.CompletedTask;
        };
        await connection.StartAsync(Timeout);
        await RotateAsync("client", source);
        _requests.Clear();

        await connection.SendAsync("Break", Timeout);
        await reconnected.Task.WaitAsync(Timeout);
        Assert.Equal("spiffe://example.org/client", await connection.InvokeAsync<string>("Caller", Timeout));
        AssertRequests(source);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task Another_server_than_is_meant_is_refused_and_gets_no_request(HttpTransportType transport)
    {
        var address = await StartHubAsync();
        await using var connection = Connection(address, await SourceAsync("client"), options => options.Transports = transport, server: "spiffe://example.org/database");
        await AssertRefusedAsync(connection);
    }

    // The negotiation is with the server that is meant, and closes its connection: the next one leads to another.
    [Theory, MemberData(nameof(Transports))]
    public async Task A_server_that_is_another_one_after_negotiation_is_refused_and_gets_no_request(HttpTransportType transport)
    {
        AllowWarning("SeveralSvids");
        var address = await StartHubAsync(async (http, next) =>
        {
            http.Response.Headers.Connection = "close";
            await BecomeAsync(http.RequestServices.GetRequiredService<X509Source>(), "/database");
            await next(http);
        });
        await using var connection = Connection(address, await SourceAsync("client"), options => options.Transports = transport);

        // SignalR keeps the text of what a transport failed of, and not the exception.
        await Assert.ThrowsAsync<AggregateException>(() => connection.StartAsync(Timeout));
        Assert.Equal(RejectionReason.NotAllowed, (await WaitForAsync("PeerRefused", Timeout)).Values["Reason"]);
        Assert.Equal("POST", Assert.Single(_requests).Method);
    }

    [Fact]
    public async Task Without_negotiation_another_server_is_refused_too()
    {
        var address = await StartHubAsync();
        await using var connection = Connection(address, await SourceAsync("client"), SkipNegotiation, server: "spiffe://example.org/database");
        await AssertRefusedAsync(connection);
    }

    [Theory]
    [InlineData("1.1", "GET")]
    [InlineData("2.0", "CONNECT")]
    public async Task A_web_socket_without_negotiation_brings_what_the_options_say(string version, string method)
    {
        var address = await StartHubAsync();
        var source = await SourceAsync("client");
        await using var connection = Connection(address, source, options =>
        {
            SkipNegotiation(options);
            options.AccessTokenProvider = static () => Task.FromResult<string?>("token");
            options.Headers["X-Tenant"] = "shop";
            options.Cookies.Add(new Cookie("cookie", "kept", "/", "127.0.0.1"));
            options.WebSocketConfiguration = socket => (socket.HttpVersion, socket.HttpVersionPolicy) = (Version.Parse(version), HttpVersionPolicy.RequestVersionExact);
        });

        Assert.Equal(["spiffe://example.org/client", "done", "refused"], await TalkAsync(connection));
        AssertRequests(source);
        Assert.Equal((method, "Bearer token", "shop kept XMLHttpRequest"), _requests.Select(static request => (request.Method, request.Token, request.Tenant)).Single());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_proxy_of_the_options_or_of_the_argument_configure_is_used(bool ofArgument)
    {
        var address = await StartHubAsync();
        var proxy = Keep(new ConnectProxy());
        var source = await SourceAsync("client");
        await using var connection = ofArgument
            ? new HubConnectionBuilder().WithUrl(address).AddSpiffeMtls(source, Expected, proxy.Use).Build()
            : Connection(address, source, options => options.Proxy = new WebProxy(proxy.Address));
        Assert.Equal(["spiffe://example.org/client", "done", "refused"], await TalkAsync(connection));
        Assert.Equal([address.Authority], proxy.Tunnels.Distinct());
    }

    [Fact]
    public async Task The_connections_end_with_the_hub_connection()
    {
        var address = await StartHubAsync();
        var source = await SourceAsync("client");
        var connection = Connection(address, source);
        await TalkAsync(connection);
        Assert.Single(source.GetStatus().Clients);
        await connection.DisposeAsync();
        Assert.Empty(source.GetStatus().Clients);
    }

    [Fact]
    public async Task What_would_call_without_the_identity_fails_when_the_connection_is_built()
    {
        var source = await SourceAsync("client");
        foreach (var (text, configure) in new (string, Action<HttpConnectionOptions>)[]
        {
            ("ClientCertificates would have no effect", options => options.ClientCertificates = [source.Current!.DefaultSvid.Leaf]),
            ("Credentials would have no effect", static options => options.Credentials = new NetworkCredential("a", "b")),
            ("UseDefaultCredentials would have no effect", static options => options.UseDefaultCredentials = true),
            ("HttpMessageHandlerFactory would have no effect", static options => options.HttpMessageHandlerFactory = static handler => handler),
            ("WebSocketFactory would have no effect", static options => options.WebSocketFactory = static (_, _) => throw new NotSupportedException()),
            ("only https is called", static options => options.Url = new("http://127.0.0.1:1/hub")),
        })
        {
            var builder = new HubConnectionBuilder().AddSpiffeMtls(source, Expected).WithUrl("https://127.0.0.1:1/hub", configure);
            Assert.Contains(text, Assert.Throws<InvalidOperationException>(builder.Build).Message, StringComparison.Ordinal);
        }

        Assert.Empty(source.GetStatus().Clients);
    }

    [Fact]
    public async Task A_malformed_server_and_a_second_call_are_rejected()
    {
        var source = await SourceAsync("client");
        Assert.Throws<FormatException>(() => new HubConnectionBuilder().AddSpiffeMtls(source, "spiffe://"));
        Assert.Contains("already", Assert.Throws<InvalidOperationException>(() => new HubConnectionBuilder().AddSpiffeMtls(source, Expected).AddSpiffeMtls(source, Expected)).Message, StringComparison.Ordinal);
    }

    private static void SkipNegotiation(HttpConnectionOptions options) => (options.SkipNegotiation, options.Transports) = (true, HttpTransportType.WebSockets);

    private static HubConnection Connection(
        Uri address, X509Source source, Action<HttpConnectionOptions>? options = null, string server = Expected, Action<IHubConnectionBuilder>? configure = null)
    {
        var builder = new HubConnectionBuilder().WithUrl(address, options ?? (static _ => { })).AddSpiffeMtls(source, server);
        configure?.Invoke(builder);
        return builder.Build();
    }

    private async Task<Uri> StartHubAsync(Func<HttpContext, RequestDelegate, Task>? negotiating = null)
    {
        // The host may be gone before the hub has heard that its client has left.
        AllowWarning("ErrorDispatchingHubEvent");
        AllowWarning("FailedDispose");
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddSignalR();

        // Only HTTP/1.1 closes a connection with its answer.
        if (negotiating is not null) builder.WebHost.ConfigureKestrel(static kestrel => kestrel.ConfigureEndpointDefaults(static listen => listen.Protocols = HttpProtocols.Http1));
        var server = await StartAsync(builder, app =>
        {
            app.Use((http, next) =>
            {
                _requests.Enqueue((http.Request.Method, $"{http.GetSpiffeId()}", http.GetSpiffePeer()!.Leaf.SerialNumber, $"{http.Request.Headers.Authorization}", $"{http.Request.Headers["X-Tenant"]} {http.Request.Cookies["cookie"]} {http.Request.Headers.XRequestedWith}"));
                return next(http);
            });
            if (negotiating is not null) app.UseWhen(static http => http.Request.Path == "/hub/negotiate", app => app.Use(negotiating));
            app.MapHub<RoomHub>("/hub");
        });
        return new(AddressOf(server), "/hub");
    }

    private async Task BecomeAsync(X509Source server, string path)
    {
        Agent.Register("server", new DevIdentity(path));
        Agent.Unregister("server", "/server");
        for (var change = server.GetChangeToken(); server.Current!.DefaultSvid.Id.Path != path; change = server.GetChangeToken()) await change.ChangedAsync(Timeout);
    }

    private async Task<string[]> TalkAsync(HubConnection connection)
    {
        await connection.StartAsync(Timeout);
        return [await connection.InvokeAsync<string>("Caller", Timeout), await AskAsync("Clients"), await AskAsync("Admins")];

        async Task<string> AskAsync(string method)
        {
            try
            {
                return await connection.InvokeAsync<string>(method, Timeout);
            }
            catch (HubException e) when (e.Message.Contains("unauthorized", StringComparison.Ordinal))
            {
                return "refused";
            }
        }
    }

    private void AssertRequests(X509Source source)
    {
        Assert.NotEmpty(_requests);
        Assert.All(_requests, request => Assert.Equal(("spiffe://example.org/client", source.Current!.DefaultSvid.Leaf.SerialNumber), (request.Caller, request.Serial)));
    }

    private async Task AssertRefusedAsync(HubConnection connection)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => connection.StartAsync(Timeout));
        var inner = error;
        while (inner is not SpiffePeerRejectedException && inner.InnerException is { } next) inner = next;
        Assert.Equal(RejectionReason.NotAllowed, Assert.IsType<SpiffePeerRejectedException>(inner).Reason);
        Assert.Empty(_requests);
    }

    private sealed class RoomHub : Hub
    {
        public string Caller() => $"{Context.User!.GetSpiffeId()}";

        [Authorize(Policy = "spiffe://example.org/client")]
        public new string Clients() => "done";

        [Authorize(Policy = "spiffe://example.org/admin")]
        public string Admins() => "done";

        public void Break() => Context.GetHttpContext()!.Abort();
    }
}
