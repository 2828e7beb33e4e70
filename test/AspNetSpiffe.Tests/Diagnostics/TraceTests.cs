using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>What an exporter of OpenTelemetry gets: who called on the server's span, who answered on the client's, and spans for updates and refusals.</summary>
public sealed class TraceTests(ITestOutputHelper output) : MeshTest(output)
{
    private const string Caller = "spiffe://example.org/client";

    private readonly Spans _spans = [];

    private TracerProvider? _tracing;

    public override async ValueTask InitializeAsync()
    {
        // The activities of the tests are nobody's: without a sampler of our own, their children would not be recorded.
        _tracing = Sdk.CreateTracerProviderBuilder().SetSampler<AlwaysOnSampler>()
            .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddSource(SpiffeDiagnostics.ActivitySourceName).AddInMemoryExporter(_spans).Build();
        await base.InitializeAsync();
    }

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        _tracing?.Dispose();
    }

    [Theory]
    [InlineData("1.1", Expected)]
    [InlineData("2.0", Expected)]
    [InlineData("1.1", "spiffe://example.org/**")]
    [InlineData("2.0", "spiffe://example.org/**")]
    public async Task A_call_has_the_callers_ID_on_the_servers_span_and_the_servers_on_the_clients(string version, string expected)
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, expected: expected);

        // The first opens the connection, the second finds it.
        for (var i = 0; i < 2; i++)
        {
            using var trace = new Activity("test").Start();
            await GetAsync(client, version);
            Assert.Equal(Expected, (await SpanAsync(trace, ActivityKind.Client)).GetTagItem("spiffe.server.id"));
            Assert.Equal(Caller, (await SpanAsync(trace, ActivityKind.Server)).GetTagItem("spiffe.client.id"));
        }
    }

    [Fact]
    public async Task Of_several_servers_behind_one_name_the_span_names_none_rather_than_a_wrong_one()
    {
        var streams = new PeerStreams(ClientTls.Mutual(await SourceAsync("client"), SpiffeIdPattern.Any), TimeProvider.System, Loggers.CreateLogger("test"));
        await using var one = new MemoryStream();
        streams.Add(new VerifiedStream(one, "one", "orders:443", streams), Peers.Create("/one"));
        Assert.Equal("/one", streams.FindServer("orders:443")?.Path);
        Assert.Null(streams.FindServer("stock:443"));

        streams.Add(new VerifiedStream(one, "two", "orders:443", streams), Peers.Create("/two"));
        Assert.Null(streams.FindServer("orders:443"));
    }

    [Fact]
    public async Task The_caller_on_the_span_is_the_one_that_policies_mean_a_tokens_owner_before_the_peer()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("server"));
        var server = await StartAsync(builder, app => app.MapGet("/token", () => "ok").RequireAuthorization(policy => policy.AddAuthenticationSchemes("SpiffeJwt").RequireAuthenticatedUser()));
        using var client = await ClientAsync(server);
        await using var tokens = new JwtSource(new SpiffeOptions { EndpointSocket = Agent.AddressOf("admin") }, Loggers);
        var token = (await tokens.GetAsync("server", cancellationToken: Timeout)).Token;

        using var good = new Activity("test").Start();
        Assert.Equal(HttpStatusCode.OK, await SendAsync(token));
        Assert.Equal("spiffe://example.org/admin", (await SpanAsync(good, ActivityKind.Server)).GetTagItem("spiffe.client.id"));
        good.Stop();

        using var bad = new Activity("test").Start();
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync("no.such.token"));
        var request = await SpanAsync(bad, ActivityKind.Server);
        var refusal = await _spans.FindAsync(span => span.OperationName == "spiffe.verify_token" && span.TraceId == bad.TraceId, Timeout);
        Assert.Equal(("malformed", request.SpanId, ActivityStatusCode.Error), (refusal.GetTagItem("error.type"), refusal.ParentSpanId, refusal.Status));
        Assert.DoesNotContain(refusal.TagObjects, tag => tag.Value?.ToString()?.Contains("no.such", StringComparison.Ordinal) == true);

        async Task<HttpStatusCode> SendAsync(string bearer)
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, "/token") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", bearer) } };
            using var response = await client.SendAsync(message, Timeout);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_refused_peer_is_a_span_with_the_reason_its_claim_and_its_address()
    {
        var stranger = await StartAgentAsync("elsewhere.test", "stranger");
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, "stranger", stranger, "spiffe:any");
        AllowWarning("PeerRefused");
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(client));

        var span = await _spans.FindAsync(s => s.OperationName == "spiffe.verify_peer" && s.GetTagItem("spiffe.client.id")?.ToString() == "spiffe://elsewhere.test/stranger", Timeout);
        Assert.Equal(("unknown_trust_domain", "client", "127.0.0.1"), (span.GetTagItem("error.type"), span.GetTagItem("spiffe.peer.role"), span.GetTagItem("network.peer.address")));
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("AspNetSpiffe", span.Source.Name);
    }

    [Fact]
    public async Task A_refused_server_is_a_span_with_the_address_that_was_called()
    {
        var server = await StartServerAsync();
        using var client = await ClientAsync(server, expected: "spiffe://example.org/somebody-else");
        await Assert.ThrowsAnyAsync<Exception>(() => GetAsync(client));

        var port = AddressOf(server).Port;
        var span = await _spans.FindAsync(s => s.OperationName == "spiffe.verify_peer" && Equals(s.GetTagItem("server.port"), port), Timeout);
        Assert.Equal(("not_allowed", "server", Expected), (span.GetTagItem("error.type"), span.GetTagItem("spiffe.peer.role"), span.GetTagItem("spiffe.server.id")));
    }

    [Fact]
    public async Task Each_update_is_a_span()
    {
        var before = DateTime.UtcNow;
        await StartServerAsync();

        // Other tests have their sources too.
        var span = await _spans.FindAsync(s => s.OperationName == "spiffe.update" && s.StartTimeUtc >= before && s.GetTagItem("spiffe.watch.origin") is "agent" && s.GetTagItem("spiffe.watch") is "x509_context", Timeout);
        Assert.Equal((null, ActivityStatusCode.Unset), (span.GetTagItem("error.type"), span.Status));
    }

    private Task<Activity> SpanAsync(Activity trace, ActivityKind kind) => _spans.FindAsync(span => span.TraceId == trace.TraceId && span.Kind == kind, Timeout);
}
