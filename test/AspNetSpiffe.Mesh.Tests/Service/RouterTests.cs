using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Mesh.Service.Egress;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>Two services, the registry with its DNS, and nginx between them as in samples/Mesh/Router.</summary>
public sealed class RouterTests(ITestOutputHelper output) : MeshWithRegistryTest(output)
{
    private const string Ok = "200";
    private const string BadGateway = "502";

    private readonly TraceIds _traces = new();
    private WebApplication _registry = null!;
    private RunningService _a = null!;
    private RunningService _b = null!;

    private string RouterSocket => Path.Combine(Folder, "router.sock");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _registry = await StartRegistryAsync();
        _b = await StartRegisteredAsync(B, 0);

        // The router knows one port for all.
        _a = await StartRegisteredAsync(A, _b.Api.Port);
        await WaitForAsync("Registered", Patience, times: 2);
    }

    [Fact]
    public async Task A_call_goes_through_the_router_and_back_and_all_parts_log_its_trace_id()
    {
        await using var router = await StartRouterAsync();
        const string trace = "0123456789abcdef0123456789abcdef";
        var answer = await CurlAsync("--unix-socket", _a.EgressSocket, "--header", $"traceparent: 00-{trace}-0123456789abcdef-01", $"http://{B}/ask/{A}");
        Assert.Equal($$$"""{"caller":"{{{IdOfA}}}","service":"{{{IdOfB}}}","answer":{"caller":"{{{IdOfB}}}","service":"{{{IdOfA}}}"}}""", answer.Output);
        await WaitForAsync("Served", Patience, times: 3);
        Assert.Equal([trace, trace, trace], _traces.OfServed);
    }

    [Fact]
    public async Task Each_service_calls_the_other()
    {
        await using var router = await StartRouterAsync();
        Assert.Contains($"\"service\":\"{IdOfB}\"", (await CurlAsync("--unix-socket", _a.EgressSocket, $"http://{B}/hello")).Output, StringComparison.Ordinal);
        Assert.Contains($"\"service\":\"{IdOfA}\"", (await CurlAsync("--unix-socket", _b.EgressSocket, $"http://{A}/hello")).Output, StringComparison.Ordinal);
        Assert.Contains($"\"service\":\"{IdOfB}\"", (await CurlAsync($"http://{_a.Tcp}/hello")).Output, StringComparison.Ordinal);

        // Of a connection that has ended: that of curl.
        await router.ReadUntilAsync($"\"{B}\" -> {_b.Api} 200", Patience);
    }

    [Fact]
    public async Task A_router_that_leads_to_the_wrong_service_is_noticed()
    {
        ExpectWarning("NotForwarded");
        await using var router = await StartRouterAsync(("$service:9005", $"{_a.Api}"));
        var answer = await CurlAsync("--unix-socket", _a.EgressSocket, $"http://{B}/hello");
        Assert.Contains($"NotAllowed. It presented '{IdOfA}'. Expected was '{IdOfB}'", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_fail_cleanly_while_the_router_is_dead_and_succeed_when_it_is_back()
    {
        ExpectWarning("NotForwarded");
        await using (var router = await StartRouterAsync())
        {
            Assert.Equal(Ok, await StatusOfCallAsync());
            await router.KillAsync();
        }

        Assert.Equal(BadGateway, await StatusOfCallAsync());
        File.Delete(RouterSocket);
        await using var again = await StartRouterAsync();
        Assert.Equal(Ok, await StatusOfCallAsync());
    }

    [Fact]
    public async Task A_name_that_nobody_has_registered_leads_nowhere()
    {
        ExpectWarning("NotForwarded");
        await using var router = await StartRouterAsync();
        var answer = await CurlAsync("--unix-socket", _a.EgressSocket, $"http://{C}/hello");
        Assert.Contains($"{C} did not answer", answer.Output, StringComparison.Ordinal);
        await router.WaitForErrorAsync($"{C} could not be resolved", Patience);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("a.service-b.example.org")]
    [InlineData("service-b.example.org.attacker.test")]
    public async Task The_router_has_no_way_to_a_name_that_is_not_one_of_the_mesh(string name)
    {
        await using var router = await StartRouterAsync();
        await using var stream = new SslStream(await MeshAddress.ConnectAsync(MeshAddress.Parse($"unix:{RouterSocket}"), Patience));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, RemoteCertificateValidationCallback = static (_, _, _, _) => true }, Patience));
        Assert.True(failure is IOException or AuthenticationException, failure.ToString());
        await router.WaitForErrorAsync("no host in upstream", Patience);
    }

    [Fact]
    public async Task A_service_that_has_stopped_is_not_found_any_more()
    {
        ExpectWarning("NotForwarded");
        await using var router = await StartRouterAsync();
        Assert.Equal(Ok, await StatusOfCallAsync());
        await _b.App.StopAsync(Patience);
        Assert.Empty(Registered(_registry, B));
        Assert.Equal(BadGateway, await StatusOfCallAsync());
    }

    private async Task<string> StatusOfCallAsync() => (await CurlAsync("--unix-socket", _a.EgressSocket, "--output", "/dev/null", "--write-out", "%{http_code}", $"http://{B}/hello")).Output;

    private async Task<RunningService> StartRegisteredAsync(string name, int port)
    {
        var options = RegisteringAt(AddressOf(_registry), OptionsOf(name, MeshAddress.Parse($"unix:{RouterSocket}"), port));
        return await StartAsync(options with { Logging = logging => { options.Logging(logging); logging.AddProvider(_traces); } });
    }

    private Task<OutsideProgram> StartRouterAsync(params (string Written, string Meant)[] more)
    {
        var addresses = new Dictionary<string, string>(StringComparer.Ordinal) { ["listen 127.0.0.1:8443"] = $"listen unix:{RouterSocket}", ["127.0.0.1:10053"] = $"{DnsOf(_registry)}" };
        foreach (var (written, meant) in more) addresses.Add(written, meant);
        if (more.Length == 0) addresses.Add(":9005", $":{_b.Api.Port}");
        return Router.StartNginxAsync(Folder, addresses, Patience);
    }

    /// <summary>Keeps the trace IDs of served requests, as the console writes them.</summary>
    private sealed class TraceIds : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string?> _ids = new();

        public IEnumerable<string?> OfServed => _ids;

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "Served") _ids.Enqueue(Activity.Current?.TraceId.ToString());
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}
