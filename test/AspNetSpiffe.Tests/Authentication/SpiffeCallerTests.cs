using System.Net;
using Microsoft.AspNetCore.Builder;

namespace AspNetSpiffe.Tests.Authentication;

/// <summary>The caller as a parameter of a handler.</summary>
public sealed class SpiffeCallerTests
{
    [Fact]
    public async Task A_handler_is_given_its_caller()
    {
        await using var server = await PeerServer.StartAsync(Map, Peers.Web);

        Assert.Equal((HttpStatusCode.OK, $"{Peers.Web.Id} {Peers.Web.Leaf.SerialNumber}"), await server.GetAsync("/required"));
        Assert.Equal((HttpStatusCode.OK, Peers.Web.ToString()), await server.GetAsync("/optional"));
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task Without_a_caller_the_answer_is_401_before_anything_else_is_bound(string environment)
    {
        await using var server = await PeerServer.StartAsync(Map, environment: environment);

        using var response = await server.Http1.GetAsync("/required?page=none");
        await Problems.AssertAsync(response, HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task An_optional_caller_is_null_when_there_is_none()
    {
        await using var server = await PeerServer.StartAsync(Map);

        Assert.Equal((HttpStatusCode.OK, "nobody"), await server.GetAsync("/optional"));
        Assert.Equal((HttpStatusCode.OK, "nobody"), await server.GetAsync("/default"));
    }

    [Fact]
    public async Task A_caller_whose_SVID_has_expired_is_nobody()
    {
        await using var server = await PeerServer.StartAsync(Map, Peers.Web);
        server.Time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/required"));
        Assert.Equal((HttpStatusCode.OK, "nobody"), await server.GetAsync("/optional"));
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/required", (SpiffeCaller caller, int? page) => $"{caller.Id} {caller.Peer.Leaf.SerialNumber}");
        app.MapGet("/optional", (SpiffeCaller? caller) => caller?.ToString() ?? "nobody");
        app.MapGet("/default", (SpiffeCaller? caller = null) => caller?.ToString() ?? "nobody");
    }
}
