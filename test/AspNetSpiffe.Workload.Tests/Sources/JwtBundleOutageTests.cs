using System.Net;
using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Whatever an agent does or fails to do, the last good JWT bundles stay, and the source finds back by itself.</summary>
public sealed class JwtBundleOutageTests(ITestOutputHelper output) : JwtBundleSourceTest(output)
{
    private readonly TestKey _other = TestKey.Create(KeyKind.P256);

    [Theory]
    [Trait("Spec", "WA-02"), Trait("Spec", "EP-24"), Trait("Spec", "EP-27")]
    [InlineData(StatusCode.OK)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.PermissionDenied)]
    public async Task A_stream_that_ends_is_one_event_and_the_last_good_bundles_stay(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        var good = source.Current;
        for (var i = 0; i < 4; i++)
        {
            Agent.CloseWith(code, $"request {i}");
            await PassPauseAsync();
        }

        await Agent.WaitForCallAsync(5, Patience);
        Assert.Same(good, source.Current);
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
        await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.True(source.Verify(Token(_other, "k2"), Us).Accepted);
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task An_agent_that_was_not_there_yet_is_found()
    {
        ExpectWarning("AgentUnavailable");
        await Agent.StopAsync();
        var source = Start();
        await PassPauseAsync();
        await Time.WaitForTimerAsync(Patience);
        await Agent.RestartAsync();
        Agent.Send(Message(("td", [("k1", Key)])));
        await PassPauseAsync();
        await source.WaitForFirstAsync(Patience);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
    }

    [Fact, Trait("Spec", "WA-07")]
    [Trait("Trial", "A-09")]
    public async Task A_refused_message_is_one_event_and_ends_neither_the_stream_nor_the_bundles()
    {
        ExpectWarning("UpdateRefused");
        var source = await StartGoodAsync();
        var good = source.Current;
        var bad = new Wire.JWTBundlesResponse { Bundles = { ["spiffe://td"] = ByteString.CopyFromUtf8("no JSON") } };
        for (var i = 0; i < 3; i++) Agent.Send(bad);
        Agent.Send(new Wire.JWTBundlesResponse());
        await WaitForAsync("UpdateRefused", Patience, times: 2);
        Assert.Same(good, source.Current);
        Assert.Equal(2, Logged("UpdateRefused"));
        Assert.Equal(0, Logged("UpdateRemark"));

        await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.Single(Agent.Calls);
    }

    [Theory]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.Unimplemented)]
    [Trait("Trial", "A-07"), Trait("Spec", "EP-33")]
    public async Task A_status_that_will_hardly_pass_is_tried_again_slowly_when_the_stream_has_worked(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        Agent.CloseWith(code, "no");
        Agent.CloseWith(code, "no");
        await PassPauseAsync();
        await PassPauseAsync();
        await Agent.WaitForCallAsync(3, Patience);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Single(Logs.All, record => record.Level >= LogLevel.Warning);

        await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.True(source.Verify(Token(_other, "k2"), Us).Accepted);
    }

    [Fact, Trait("Spec", "EP-26")]
    public async Task Whoever_waits_for_bundles_that_will_never_come_is_told()
    {
        ExpectWarning("WatchGivenUp");
        Agent.CloseWith(StatusCode.Unimplemented, "no");
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => JwtBundleSource.StartAsync(new() { EndpointSocket = Agent.Address }, Loggers, Patience));
        Assert.StartsWith($"The SPIFFE Workload API at '{Agent.Address}' sent no JWT bundles. It answered 'Unimplemented: no'.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_fails_does_not_stop_the_watch()
    {
        using var failing = LoggerFactory.Create(logging => logging.AddProvider(new FullLog()));
        await using var source = new JwtBundleSource(new() { EndpointSocket = Agent.Address }, failing, Time);
        Agent.CloseWith(StatusCode.Unavailable);
        source.Start();
        await PassPauseAsync();
        Agent.Send(new Wire.JWTBundlesResponse());
        Agent.Send(Message(("td", [("k1", Key)])));
        await source.WaitForFirstAsync(Patience);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Fact, Trait("Spec", "EP-09")]
    public async Task An_agent_on_another_host_is_warned_of()
    {
        ExpectWarning("AgentNotLocal");
        ExpectWarning("AgentUnavailable");
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        // Not a loopback address, and yet it leads nowhere else.
        var address = $"tcp://0.0.0.0:{((IPEndPoint)deaf.LocalEndPoint!).Port}";
        Make(address).Start();
        Assert.Contains(address, (await WaitForAsync("AgentNotLocal", Patience)).Message, StringComparison.Ordinal);
        await WaitForAsync("AgentUnavailable", Patience);
    }

    [Fact]
    public async Task A_mistake_of_our_own_does_not_end_the_watch()
    {
        ExpectWarning("WatchFailed");
        Agent.OnEachCall = agent => agent.Send(Message(("td", [("k1", Key)])));
        await using var source = new JwtBundleSource(new() { EndpointSocket = Agent.Address }, Loggers, new BrokenTime());
        source.Start();
        Assert.Contains("The clock is broken.", (await WaitForAsync("WatchFailed", Patience)).Exception!.Message, StringComparison.Ordinal);
        await source.WaitForFirstAsync(Patience);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    /// <summary>A clock that throws the first time it is asked how late it is, as <see cref="ToldCauses"/> does.</summary>
    private sealed class BrokenTime : TimeProvider
    {
        private int _asked;

        public override long GetTimestamp() =>
            Interlocked.Increment(ref _asked) > 1 ? base.GetTimestamp() : throw new InvalidOperationException("The clock is broken.");
    }
}
