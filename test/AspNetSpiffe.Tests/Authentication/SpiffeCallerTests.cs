using System.Net;
using System.Net.Http.Json;
using AspNetSpiffe.Tests.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Authentication;

/// <summary>The caller as a parameter of a handler.</summary>
public sealed class SpiffeCallerTests
{
    [Fact]
    public async Task A_handler_is_given_its_caller()
    {
        await using var server = await PeerServer.StartAsync(Map, Peers.Web);

        Assert.Equal((HttpStatusCode.OK, Peers.Web.ToString()), await server.GetAsync("/required"));
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

    [Theory, Trait("Trial", "K-09")]
    [InlineData("?caller=spiffe://example.org/ops/alice")]
    [InlineData("?caller.id=spiffe://example.org/ops/alice&id=spiffe://example.org/ops/alice")]
    public async Task An_action_is_given_its_caller_and_never_what_the_request_says(string query)
    {
        await using var server = await StartControllersAsync(Peers.Web);
        using var orders = JsonContent.Create(new[] { 1, 2 });
        using var response = await server.Http1.PostAsync($"/controller/caller{query}", orders);
        Assert.Equal($"{Peers.Web} 2", await response.Content.ReadAsStringAsync());
        Assert.Equal((HttpStatusCode.OK, Peers.Web.ToString()), await server.GetAsync($"/controller/perhaps{query}"));
    }

    [Fact, Trait("Trial", "K-09")]
    public async Task An_action_that_needs_a_caller_answers_401_before_anything_else_is_bound_and_one_that_does_not_is_given_null()
    {
        await using var server = await StartControllersAsync(null);
        using var nonsense = new StringContent("no JSON");
        using var response = await server.Http1.PostAsync("/controller/caller", nonsense);
        await Problems.AssertAsync(response, HttpStatusCode.Unauthorized);
        Assert.Equal((HttpStatusCode.OK, "nobody"), await server.GetAsync("/controller/perhaps"));
    }

    [Fact, Trait("Trial", "K-09")]
    public async Task The_caller_is_not_in_the_description_of_an_action()
    {
        await using var server = await StartControllersAsync(Peers.Web);
        var actions = server.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>().ApiDescriptionGroups.Items.SelectMany(group => group.Items);
        var action = Assert.Single(actions, action => action.RelativePath == "controller/caller");
        Assert.Equal("orders", Assert.Single(action.ParameterDescriptions).Name);
    }

    private static Task<PeerServer> StartControllersAsync(SpiffePeer? peer) => PeerServer.StartWithAsync(
        builder => builder.Services.AddSpiffeServerSecurity().AddControllers().AddApplicationPart(typeof(GuardedController).Assembly),
        app => app.MapControllers(),
        peer);

    private static void Map(WebApplication app)
    {
        app.MapGet("/required", (SpiffeCaller caller, int? page) => caller.Id.ToString());
        app.MapGet("/optional", (SpiffeCaller? caller) => caller?.ToString() ?? "nobody");
        app.MapGet("/default", (SpiffeCaller? caller = null) => caller?.ToString() ?? "nobody");
    }
}
