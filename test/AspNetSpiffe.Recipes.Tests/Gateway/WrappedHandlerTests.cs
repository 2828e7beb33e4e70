using System.Net;
using AspNetSpiffe.Tests;
using AspNetSpiffe.Tests.Clients;

namespace AspNetSpiffe.RecipeTests;

/// <summary>A handler that a library has made, in a SPIFFE client: <see cref="SpiffeHttpHandler.CreateFrom"/>.</summary>
public sealed class WrappedHandlerTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact]
    public async Task Its_settings_stay_and_the_identity_is_ours()
    {
        var server = await StartServerAsync();
        var proxy = Keep(new ConnectProxy());
        using var client = await WrapAsync(server, new() { Proxy = new WebProxy(proxy.Address) });
        Assert.Equal("spiffe://example.org/client", await GetAsync(client));
        Assert.Equal([AddressOf(server).Authority], proxy.Tunnels);
    }

    [Fact]
    public async Task Without_a_proxy_of_its_own_none_of_the_environment_is_used()
    {
        using var handler = SpiffeHttpHandler.CreateFrom(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), new SocketsHttpHandler());
        Assert.False(Assert.IsType<SocketsHttpHandler>(handler.InnerHandler).UseProxy);
    }

    [Fact]
    public async Task What_contradicts_the_identity_is_rejected()
    {
        var source = await SourceAsync("client");
        var settings = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } };
        var error = Assert.Throws<InvalidOperationException>(() => SpiffeHttpHandler.CreateFrom(source, SpiffeIdPattern.Parse(Expected), settings));
        Assert.Contains("SslOptions.RemoteCertificateValidationCallback has no effect", error.Message, StringComparison.Ordinal);
    }

    private async Task<HttpClient> WrapAsync(Microsoft.AspNetCore.Builder.WebApplication server, SocketsHttpHandler settings) =>
        Client(AddressOf(server), SpiffeHttpHandler.CreateFrom(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected), settings));
}
