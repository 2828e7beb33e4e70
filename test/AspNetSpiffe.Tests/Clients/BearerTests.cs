using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>Which requests get a token, and which token.</summary>
public sealed class BearerTests(ITestOutputHelper output) : BearerTest(output)
{
    [Theory, Trait("Spec", "JW-18"), Trait("Spec", "JW-20")]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_token_for_the_audience_alone_is_added(string version)
    {
        var server = await StartPlainAsync("https");
        using var client = Bearer(server);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, version: version));
        Assert.Equal("spiffe://example.org/client", (await CallerAsync()).ToString());
        Assert.Equal([Audience], JwtSvidReader.Read(Arrived.Single().Authorization["Bearer ".Length..]).Audiences.AsEnumerable());
    }

    [Theory, Trait("Spec", "JW-18")]
    [InlineData("1.1", false)]
    [InlineData("1.1", true)]
    [InlineData("2.0", false)]
    [InlineData("2.0", true)]
    public async Task Mutual_TLS_and_a_token_go_together(string version, bool tokenFirst)
    {
        var peers = new List<SpiffeId?>();
        var server = await StartServerAsync(map: app =>
        {
            app.Use((http, next) =>
            {
                peers.Add(http.GetSpiffeId());
                return next(http);
            });
            Record(app);
        });
        var factory = await StartClientsAsync(services =>
        {
            var client = services.AddHttpClient("orders");
            if (tokenFirst) client.AddSpiffeJwt(Audience).AddSpiffeMtls(Expected);
            else client.AddSpiffeMtls(Expected).AddSpiffeJwt(Audience);
        });
        using var client = factory.CreateClient("orders");
        client.BaseAddress = UrlOf(server);

        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, "/orders", version));
        Assert.Equal("spiffe://example.org/client", (await CallerAsync()).ToString());
        Assert.Equal("spiffe://example.org/client", Assert.Single(peers)?.ToString());
        Assert.Contains(Logs.All, r => r.Message.Contains("Authorization: *", StringComparison.Ordinal));
        Assert.DoesNotContain(Logs.All, r => r.ToString().Contains(Arrived.Single().Authorization["Bearer ".Length..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_identity_of_the_options_is_asked_for()
    {
        ExpectWarning("SeveralSvids");
        var options = new DevAgentOptions { LoggerFactory = Loggers }.AddWorkload("both", new DevIdentity("/first"), new DevIdentity("/second"));
        var agent = Keep(await DevAgent.StartAsync(options, Timeout));
        var factory = await StartClientsAsync(
            services => services.AddHttpClient("orders")
                .ConfigurePrimaryHttpMessageHandler(() => AnyServer())
                .AddSpiffeJwt(Audience, o => o.Identity = SpiffeId.Parse("spiffe://example.org/second")),
            agent.AddressOf("both"));
        var server = await StartPlainAsync("https");
        using var client = factory.CreateClient("orders");
        client.BaseAddress = UrlOf(server);

        await CallAsync(client);
        Assert.Equal("/second", JwtSvidReader.Read(Assert.Single(Arrived).Authorization["Bearer ".Length..]).Id.Path);
    }

    [Fact]
    public async Task A_header_of_the_caller_stays()
    {
        var server = await StartPlainAsync("http");
        using var client = Bearer(server);
        client.DefaultRequestHeaders.Authorization = new("Basic", "abc");
        await CallAsync(client);
        Assert.Equal("Basic abc", Assert.Single(Arrived).Authorization);
    }

    [Theory, Trait("Spec", "JW-19")]
    [InlineData("http")]
    [InlineData("ws")]
    public async Task Nothing_is_sent_over_plain_http(string scheme)
    {
        var server = await StartPlainAsync("http");
        using var client = Bearer(server);
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(client, $"{scheme}://{UrlOf(server).Authority}/"));
        Assert.Contains($"The request to '{scheme}://{UrlOf(server).Authority}' was not sent", e.Message, StringComparison.Ordinal);
        Assert.Contains("over https (or wss) only", e.Message, StringComparison.Ordinal);
        Assert.Empty(Arrived);
    }

    [Fact, Trait("Spec", "JW-19")]
    public async Task Plain_http_is_good_enough_for_who_says_so()
    {
        var server = await StartPlainAsync("http");
        using var client = Bearer(server, allowInsecureHttp: true);
        await CallAsync(client);
        Assert.Equal("spiffe://example.org/client", (await CallerAsync()).ToString());
    }

    [Fact]
    public async Task Without_a_token_nothing_is_sent()
    {
        var server = await StartPlainAsync("https");
        using var client = Bearer(server, source: Tokens(change: o => o.Identity = "spiffe://example.org/nobody"));
        var e = await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(client));
        Assert.IsType<FormatException>(e.InnerException);
        Assert.Contains($"was not sent: there is no JWT-SVID for the audience '{Audience}'", e.Message, StringComparison.Ordinal);

        await Agent.DisposeAsync();
        using var lonely = Bearer(server);
        Assert.IsType<WorkloadApiException>((await Assert.ThrowsAsync<HttpRequestException>(() => CallAsync(lonely))).InnerException);
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_refused_token_is_not_sent_twice()
    {
        var server = await StartPlainAsync("https");
        using var client = Bearer(server);
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(client, "/no"));
        Assert.Single(Arrived);
    }

    [Fact]
    public async Task The_token_is_off_the_request_when_it_was_sent()
    {
        var server = await StartPlainAsync("https");
        using var client = Bearer(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        using var response = await client.SendAsync(request, Timeout);
        Assert.NotEmpty(Assert.Single(Arrived).Authorization);
        Assert.Null(request.Headers.Authorization);
    }

    [Fact]
    public async Task A_request_that_is_sent_synchronously_is_refused()
    {
        var server = await StartPlainAsync("https");
        using var client = Bearer(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        Assert.Throws<NotSupportedException>(() => client.Send(request, Timeout));
        Assert.Empty(Arrived);
    }

    [Fact]
    public async Task A_host_asks_for_no_token_before_a_request_needs_one()
    {
        var pki = new TestPki();
        var agent = Keep(await FakeAgent.StartAsync());
        agent.OnEachCall = a => a.SendRaw(GrpcFrame.Of(pki.ResponseBytes([pki.Leaf("/client")])));
        await StartClientsAsync(services => services.AddHttpClient("orders").AddSpiffeJwt(Audience).AddSpiffeMtls(Expected), agent.Address);
        Assert.EndsWith("/FetchX509SVID", Assert.Single(agent.Calls).Path, StringComparison.Ordinal);
    }

    [Fact]
    public void All_clients_of_a_host_share_one_source()
    {
        var services = new ServiceCollection();
        services.AddHttpClient("a").AddSpiffeJwt("a").Services.AddHttpClient("b").AddSpiffeJwt("b");
        services.AddSpiffe();
        Assert.Single(services, service => service.ServiceType == typeof(JwtSource));
        Assert.Throws<ArgumentException>(() => services.AddHttpClient("c").AddSpiffeJwt(""));
    }
}
