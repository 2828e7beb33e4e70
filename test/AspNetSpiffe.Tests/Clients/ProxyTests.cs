using System.Net;
using Microsoft.AspNetCore.Builder;
using Xunit.Abstractions;

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
        await using var proxy = new ConnectProxy();
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
        await using var proxy = new ConnectProxy { Credentials = Credentials };
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
        await using var proxy = new SocksProxy { Credentials = withCredentials ? Credentials : null };
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
        await using var proxy = new ConnectProxy();
        using var client = await ClientAsync(server, proxy, "spiffe://example.org/database");

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, version, "/anything"));
        var refusal = Assert.IsType<SpiffePeerRejectedException>(error.InnerException);
        Assert.Equal((RejectionReason.NotAllowed, Expected, "spiffe://example.org/database"), (refusal.Reason, refusal.Id?.ToString(), refusal.Expected.ToString()));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
        Assert.Equal(0, requests);
    }

    private async Task<HttpClient> ClientAsync(WebApplication server, TunnelProxy proxy, string expected = Expected) => Client(AddressOf(server), SpiffeHttpHandler.Create(
        await SourceAsync("client"),
        SpiffeIdPattern.Parse(expected),
        handler => (handler.UseProxy, handler.Proxy) = (true, new WebProxy(proxy.Address) { Credentials = proxy.Credentials })));
}
