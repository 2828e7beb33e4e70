using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe.Tests.Authentication;

/// <summary>Reading the caller from a request.</summary>
public sealed class HttpContextTests
{
    [Fact]
    public async Task The_peer_of_the_connection_is_the_caller_of_the_request()
    {
        await using var server = await PeerServer.StartAsync(
            app => app.Run(http => http.Response.WriteAsync($"{http.GetSpiffeId()} {http.GetRequiredSpiffeId()} {ReferenceEquals(http.GetSpiffePeer(), http.GetRequiredSpiffePeer())}")),
            Peers.Web);

        const string expected = "spiffe://example.org/ns/shop/sa/web spiffe://example.org/ns/shop/sa/web True";
        Assert.Equal(expected, await server.Http1.GetStringAsync("/"));
        Assert.Equal(expected, await server.Http2.GetStringAsync("/"));
    }

    [Fact]
    public void Without_the_feature_there_is_no_caller_and_the_error_names_UseSpiffeMtls()
    {
        var http = new DefaultHttpContext();

        Assert.Null(http.GetSpiffePeer());
        Assert.Null(http.GetSpiffeId());
        Assert.Contains("UseSpiffeMtls()", Assert.Throws<InvalidOperationException>(http.GetRequiredSpiffePeer).Message);
        Assert.Contains("UseSpiffeMtls()", Assert.Throws<InvalidOperationException>(http.GetRequiredSpiffeId).Message);
    }

    [Fact]
    public void Without_a_verified_peer_the_error_names_RequireSpiffe()
    {
        var http = Requests.From(null);

        Assert.Null(http.GetSpiffeId());
        Assert.Contains("RequireSpiffe()", Assert.Throws<InvalidOperationException>(http.GetRequiredSpiffeId).Message);
    }

    [Fact]
    public void Reading_the_caller_allocates_nothing()
    {
        var http = Requests.From(Peers.Web);
        http.User = new(new SpiffeIdentity(Peers.Web, "Spiffe", null));
        Assert.Equal(0, Allocations.Of(() => http.GetSpiffeId()));
        Assert.Equal(0, Allocations.Of(() => http.GetRequiredSpiffeId()));
        Assert.Equal(0, Allocations.Of(() => http.GetSpiffePeer()));
        Assert.Equal(0, Allocations.Of(() => http.GetRequiredSpiffePeer()));
    }
}
