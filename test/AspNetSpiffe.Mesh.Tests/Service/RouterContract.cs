using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Mesh;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>Two services, the registry with its DNS, and a router between them as in samples/Mesh/Router.</summary>
public abstract class RouterContract(ITestOutputHelper output) : MeshWithRegistryTest(output)
{
    private const string Ok = "200";
    private const string BadGateway = "502";

    private readonly TraceIds _traces = new();
    private WebApplication _registry = null!;
    private RunningService _a = null!;
    private RunningService _b = null!;

    private protected string RouterSocket => Path.Combine(Folder, "router.sock");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();

        // Where all starts at once, the registry may answer too late at first.
        AllowWarning("RegistryAway");
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
        await WaitForPassedAsync(router, B, _b.Api);
    }

    [Fact]
    public async Task A_router_that_leads_to_the_wrong_service_is_noticed()
    {
        ExpectWarning("NotForwarded");
        await using var router = await StartRouterAsync($"{_a.Api}");
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
        await WaitForUnknownAsync(router, C);
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
        await WaitForRejectedAsync(router, name);
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

    private protected abstract Task<OutsideProgram> StartRouterAsync(Dictionary<string, string> addresses);

    /// <summary>Waits until the router has logged a connection that it passed on, and that has ended.</summary>
    private protected abstract Task WaitForPassedAsync(OutsideProgram router, string name, IPEndPoint service);

    /// <summary>Waits until the router has logged a name that DNS does not know.</summary>
    private protected abstract Task WaitForUnknownAsync(OutsideProgram router, string name);

    /// <summary>Waits until the router has logged a name that it does not look up.</summary>
    private protected abstract Task WaitForRejectedAsync(OutsideProgram router, string name);

    private protected abstract (string Listen, string ListenOnSocket, string Service) Words { get; }

    // With more, the router leads there, whatever the name.
    private Task<OutsideProgram> StartRouterAsync(string? service = null) => StartRouterAsync(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [Words.Listen] = Words.ListenOnSocket,
        ["127.0.0.1:10053"] = $"{DnsOf(_registry)}",
        [service is null ? ":9005" : Words.Service] = service ?? $":{_b.Api.Port}",
    });

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
