using System.Net.Sockets;
using System.Runtime.Versioning;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The first context, and why there may be none.</summary>
public sealed class StartTests(ITestOutputHelper output) : SourceTest(output)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(7);

    [Fact]
    public async Task The_first_context_ends_the_wait()
    {
        var source = Make();
        Assert.Null(source.Current);
        source.Start();
        var waiting = source.RequireFirstAsync(Timeout, Patience);
        await Agent.WaitForCallAsync(1, Patience);

        Agent.Send(Pki.Response(Pki.Leaf("/web"), new TestPki("other")));
        var context = await waiting;
        Assert.Same(context, source.Current);
        Assert.Same(context, await source.WaitForFirstAsync(Patience));
        Assert.Equal("spiffe://td/web", context.DefaultSvid.Id.ToString());
        Assert.Equal(2, context.Bundles.Count);
    }

    [Fact]
    public async Task StartAsync_gives_a_source_with_a_context()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var source = await X509Source.StartAsync(new() { EndpointSocket = Agent.Address }, Loggers, Patience);
        Assert.Equal("/workload", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task StartAsync_that_is_cancelled_leaves_no_watch_behind()
    {
        using var stop = new CancellationTokenSource();
        var starting = X509Source.StartAsync(new() { EndpointSocket = Agent.Address }, Loggers, stop.Token);
        var call = await Agent.WaitForCallAsync(1, Patience);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting.WaitAsync(Patience));
        await call.WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task Two_starts_make_one_watch()
    {
        var source = await StartGoodAsync();
        source.Start();
        await source.DisposeAsync();
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task An_agent_that_never_answers_fails_the_start_in_time()
    {
        var source = Start();
        await Agent.WaitForCallAsync(1, Patience);
        await FailsInTimeAsync(source, "It has not responded.");
    }

    [Fact]
    public async Task Without_a_socket_the_start_fails_and_says_so()
    {
        await Agent.StopAsync();
        await UnavailableFailsAsync("The socket does not exist. Start the agent, or correct the address.");
    }

    [Fact]
    public async Task A_socket_where_nobody_listens_fails_the_start_and_says_so()
    {
        await Agent.StopAsync();
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(Agent.SocketPath));
        await UnavailableFailsAsync("Connection refused: no process listens on the socket. Start the agent;");
    }

    [FactAsUser, UnsupportedOSPlatform("windows")]
    public async Task A_socket_that_we_may_not_open_fails_the_start_and_says_so()
    {
        File.SetUnixFileMode(Agent.SocketPath, UnixFileMode.None);
        await UnavailableFailsAsync("This process may not open the socket. Grant its user access");
    }

    [Fact, Trait("Spec", "EP-25")]
    public async Task A_workload_that_nobody_registered_fails_the_start_and_hears_what_to_do()
    {
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await UnavailableFailsAsync("'PermissionDenied: no identity issued'. No identity is registered for this workload: create a registration entry");
    }

    [Fact, Trait("Spec", "WA-07")]
    public async Task A_first_message_that_is_refused_is_the_reason_of_the_failed_start()
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.X509SVIDResponse());
        var source = Start();
        await WaitForAsync("UpdateRefused", Patience);
        await FailsInTimeAsync(source, "Its last update was rejected: The message has no SVID.");
    }

    [Theory]
    [Trait("Spec", "EP-23"), Trait("Spec", "EP-26")]
    [Trait("Trial", "A-07")]
    [InlineData(StatusCode.InvalidArgument, "may be of another version")]
    [InlineData(StatusCode.Unimplemented, "check the address")]
    public async Task An_answer_that_no_retry_can_change_fails_the_start_at_once(StatusCode code, string advice)
    {
        ExpectWarning("WatchGivenUp");
        Agent.CloseWith(code, "no");
        var source = Start();

        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => source.RequireFirstAsync(Timeout, Patience));
        Assert.StartsWith($"The SPIFFE Workload API at '{Agent.Address}' issued no identity to this workload. It answered '{code}: no'.", e.Message, StringComparison.Ordinal);
        Assert.Contains(advice, e.Message, StringComparison.Ordinal);
        Assert.Equal(code, (await Assert.ThrowsAsync<WorkloadApiException>(() => source.WaitForFirstAsync(Patience))).StatusCode);

        await WaitForAsync("WatchGivenUp", Patience);
        await source.DisposeAsync();
        Assert.Single(Agent.Calls);
        Assert.Single(Logs.All);
    }

    [Fact]
    public async Task Whoever_waits_for_the_first_context_of_a_source_that_is_disposed_is_told()
    {
        var source = Start();
        var waiting = source.WaitForFirstAsync(Patience);
        await Agent.WaitForCallAsync(1, Patience);
        await source.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    private async Task UnavailableFailsAsync(string problem)
    {
        ExpectWarning("AgentUnavailable");
        var source = Start();
        await WaitForAsync("AgentUnavailable", Patience);
        await FailsInTimeAsync(source, problem);
    }

    // Attempts may go on while the clock moves; the reason stays the same.
    private async Task FailsInTimeAsync(X509Source source, string problem)
    {
        var waiting = source.RequireFirstAsync(Timeout, Patience);
        Time.Advance(Timeout);
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.StartsWith($"The SPIFFE Workload API at '{Agent.Address}' issued no identity to this workload within 7 s. ", e.Message, StringComparison.Ordinal);
        Assert.Contains(problem, e.Message, StringComparison.Ordinal);
    }
}
