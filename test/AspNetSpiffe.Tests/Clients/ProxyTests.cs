using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>Calls through a proxy's tunnel: the same mutual TLS with the same server, and the proxy sees none of it.</summary>
public sealed class ProxyTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly NetworkCredential Credentials = new("us", "secret");

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_goes_through_the_tunnel_and_shows_our_SVID(string version)
    {
        var server = await StartServerAsync();
        var proxy = Keep(new ConnectProxy());
        using var client = await ClientAsync(server, proxy);

        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_proxy_that_asks_for_credentials_gets_them(string version)
    {
        var server = await StartServerAsync();
        var proxy = Keep(new ConnectProxy { Credentials = Credentials });
        using var client = await ClientAsync(server, proxy);

        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("2.0", false)]
    public async Task A_SOCKS_proxy_is_a_proxy_too(string version, bool withCredentials)
    {
        var server = await StartServerAsync();
        var proxy = Keep(new SocksProxy { Credentials = withCredentials ? Credentials : null });
        using var client = await ClientAsync(server, proxy);

        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Another_server_is_refused_and_hears_nothing_of_the_request(string version)
    {
        var requests = 0;
        var server = await StartServerAsync(map: app => app.MapFallback(() => Interlocked.Increment(ref requests)));
        var proxy = Keep(new ConnectProxy());
        using var client = await ClientAsync(server, proxy, "spiffe://example.org/database");

        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version, "/anything"));
        Assert.Equal((RejectionReason.NotAllowed, Expected, "spiffe://example.org/database"), (refusal.Reason, refusal.Id?.ToString(), refusal.Expected.ToString()));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
        Assert.Equal(0, requests);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Another_server_at_the_end_of_a_SOCKS_tunnel_is_refused(string version)
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, Keep(new SocksProxy()), "spiffe://example.org/database");

        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(() => GetAsync(client, version));
        Assert.Equal(RejectionReason.NotAllowed, refusal.Reason);
    }

    [Theory]
    [InlineData("502 Bad Gateway", HttpStatusCode.BadGateway)]
    [InlineData("403 Forbidden", HttpStatusCode.Forbidden)]
    public async Task A_proxy_that_opens_no_tunnel_ends_the_request_with_its_answer(string refusal, HttpStatusCode status)
    {
        using var client = await ClientAsync(await StartServerAsync(), Keep(new ConnectProxy { Refusal = refusal }));

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Equal((HttpRequestError.ProxyTunnelError, status), (error.HttpRequestError, error.StatusCode));
    }

    [Fact]
    public async Task A_proxy_that_does_not_take_our_credentials_ends_the_request_with_407()
    {
        var proxy = Keep(new ConnectProxy { Credentials = Credentials });
        using var client = Client(AddressOf(await StartServerAsync()), SpiffeHttpHandler.Create(
            await SourceAsync("client"),
            SpiffeIdPattern.Parse(Expected),
            handler => (handler.UseProxy, handler.Proxy) = (true, new WebProxy(proxy.Address) { Credentials = new NetworkCredential("us", "forgotten") })));

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Equal((HttpRequestError.ProxyTunnelError, HttpStatusCode.ProxyAuthenticationRequired), (error.HttpRequestError, error.StatusCode));
    }

    [Fact]
    public async Task A_proxy_is_left_alone_unless_it_is_switched_on()
    {
        var server = await StartServerAsync();
        var proxy = Keep(new ConnectProxy());
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(
            await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), handler => handler.Proxy = new WebProxy(proxy.Address)));

        await GetAsync(client);
        Assert.Equal(0, proxy.Connections);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task An_address_that_bypasses_the_proxy_is_called_directly(string version)
    {
        var server = await StartServerAsync();
        var proxy = Keep(new ConnectProxy());
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), Configure));

        Assert.Equal("spiffe://example.org/client", await GetAsync(client, version));
        Assert.Equal(0, proxy.Connections);

        void Configure(SocketsHttpHandler handler) =>
            (handler.UseProxy, handler.Proxy) = (true, new WebProxy(proxy.Address, BypassOnLocal: false, [@"127\.0\.0\.1"]));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("ws://127.0.0.1:1")]
    public async Task What_is_not_https_is_refused_before_a_proxy_hears_of_it(string address)
    {
        var (http, socks) = (Keep(new ConnectProxy()), Keep(new SocksProxy()));
        foreach (TunnelProxy proxy in (TunnelProxy[])[http, socks])
        {
            using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any, proxy.Use));
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            var error = await Assert.ThrowsAsync<HttpRequestException>(() => invoker.SendAsync(request, Timeout));
            Assert.Contains("https (and wss) only", error.Message, StringComparison.Ordinal);
            Assert.Equal(0, proxy.Connections);
        }
    }

    [Theory]
    [InlineData("http")]
    [InlineData("ws")]
    public async Task A_redirect_to_what_is_not_https_is_not_followed(string scheme)
    {
        var server = await StartServerAsync(map: app => app.MapGet("/away", () => Results.Redirect($"{scheme}://127.0.0.1:1/")));
        var proxy = Keep(new ConnectProxy());
        using var client = await ClientAsync(server, proxy);

        using var response = await client.GetAsync("/away", Timeout);
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Fact]
    public async Task A_proxy_that_wants_TLS_itself_is_not_taken_for_the_server()
    {
        var requests = 0;
        var server = await StartServerAsync(map: app => app.MapFallback(() => Interlocked.Increment(ref requests)));
        using var client = Client(new("https://elsewhere.example"), SpiffeHttpHandler.Create(
            await SourceAsync("client"),
            SpiffeIdPattern.Parse(Expected),
            handler => (handler.UseProxy, handler.Proxy) = (true, new WebProxy(AddressOf(server)))));

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client));
        Assert.Contains("not to the proxy itself", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, requests);
    }

    [Fact]
    public async Task A_CONNECT_of_the_caller_is_a_request_to_the_server_like_any_other()
    {
        var server = await StartServerAsync(map: app => app.Run(http =>
        {
            http.Response.Headers.ETag = $"\"{http.Request.Method} {http.GetSpiffeId()}\"";
            return Task.CompletedTask;
        }));
        using var invoker = new HttpMessageInvoker(SpiffeHttpHandler.Create(
            await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), handler => (handler.UseProxy, handler.Proxy) = (true, new WebProxy())));
        using var request = new HttpRequestMessage(HttpMethod.Connect, AddressOf(server)) { Headers = { Host = "elsewhere.example:443" } };

        using var response = await invoker.SendAsync(request, Timeout);
        Assert.Equal("\"CONNECT spiffe://example.org/client\"", response.Headers.ETag?.Tag);
    }

    [Fact]
    public async Task TLS_that_is_in_no_tunnel_is_refused_by_the_handler()
    {
        SocketsHttpHandler? inner = null;
        using var handler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Any, h => (inner = h).UseProxy = true);
        Assert.False(inner!.SslOptions.RemoteCertificateValidationCallback!(this, null, null, SslPolicyErrors.None));
    }

    [Fact]
    public async Task Cookies_decompression_and_a_filter_of_streams_are_the_callers_to_set()
    {
        var server = await StartServerAsync(map: app =>
        {
            app.MapGet("/set", (HttpResponse response) => response.Cookies.Append("taste", "sweet"));
            app.MapGet("/get", async (HttpContext http) =>
            {
                http.Response.Headers.ContentEncoding = "gzip";
                await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest);
                await gzip.WriteAsync(Encoding.UTF8.GetBytes(http.Request.Cookies["taste"] ?? "none"));
            });
        });
        var (proxy, filtered) = (Keep(new ConnectProxy()), new ConcurrentQueue<bool>());
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), handler =>
        {
            proxy.Use(handler);
            handler.CookieContainer = new();
            handler.AutomaticDecompression = DecompressionMethods.GZip;
            handler.PlaintextStreamFilter = (context, _) =>
            {
                filtered.Enqueue(context.PlaintextStream is SslStream);
                return ValueTask.FromResult(context.PlaintextStream);
            };
        }));

        (await client.GetAsync("/set", Timeout)).EnsureSuccessStatusCode();
        Assert.Equal("sweet", await client.GetStringAsync("/get", Timeout));
        Assert.Equal([false, true], filtered);
    }

    private async Task<HttpClient> ClientAsync(WebApplication server, TunnelProxy proxy, string expected = Expected) =>
        Client(AddressOf(server), SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(expected), proxy.Use));
}
