using System.Net.Sockets;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Whatever an agent does or fails to do, the last good SVID serves, and the source finds back by itself.</summary>
public sealed class OutageTests(ITestOutputHelper output) : SourceTest(output)
{
    private const int FiftyMegabytes = 50 * 1024 * 1024;

    [Theory]
    [Trait("Spec", "EP-24"), Trait("Spec", "EP-27")]
    [InlineData(StatusCode.OK)]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Unauthenticated)]
    public async Task A_status_that_may_pass_is_one_event_and_the_last_good_SVID_serves(StatusCode code)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/good");
        var good = source.Current;
        for (var i = 0; i < 5; i++)
        {
            // Its words may differ each time.
            Agent.CloseWith(code, $"request {i}");
            await PassPauseAsync();
        }

        await Agent.WaitForCallAsync(6, Patience);
        Assert.Same(good, source.Current);
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal(1, Logged("AgentUnavailable"));
        var next = await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        Assert.Equal("/next", next.DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task Causes_that_take_turns_are_one_event_each()
    {
        ExpectWarning("AgentUnavailable");
        await StartGoodAsync();
        for (var i = 0; i < 3; i++)
        {
            Agent.CloseWith(StatusCode.Unavailable);
            await PassPauseAsync();
            Agent.CloseWith(StatusCode.Internal);
            await PassPauseAsync();
        }

        Agent.Abort();
        await PassPauseAsync();
        await Agent.WaitForCallAsync(8, Patience);
        await WaitForAsync("AgentUnavailable", Patience, times: 3);
        Assert.Equal(3, Logged("AgentUnavailable"));
    }

    [Fact]
    public async Task A_refusal_and_a_remark_that_come_with_each_attempt_are_one_event()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("UpdateRefused");
        ExpectWarning("UpdateRemark");
        var source = await StartGoodAsync();
        var odd = Pki.Response(Pki.Leaf("/odd"));
        odd.FederatedBundles.Add("OTHER", ByteString.Empty);
        odd.Svids.Add(new Wire.X509SVID { SpiffeId = "spiffe://td/half" });
        Agent.Greeting = odd;
        for (var i = 0; i < 4; i++)
        {
            Agent.CloseWith(StatusCode.OK);
            await PassPauseAsync();
        }

        await Agent.WaitForCallAsync(5, Patience);
        Agent.Greeting = null;
        Agent.Send(FederatedOddly("/one"));
        Agent.Send(FederatedOddly("/two"));
        await WaitForAsync("SvidRenewed", Patience, times: 3);
        Assert.Equal("/two", source.Current!.DefaultSvid.Id.Path);
        Assert.Equal(1, Logged("UpdateRefused"));
        Assert.Equal(1, Logged("UpdateRemark"));
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_socket_that_was_replaced_is_used_when_the_old_stream_ends()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/old");
        await using var successor = await FakeAgent.StartAsync();
        successor.Send(Pki.Response(Pki.Leaf("/new")));
        File.Move(successor.SocketPath, Agent.SocketPath, overwrite: true);
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/still"))));
        Assert.Empty(successor.Calls);

        var next = NextAsync(source, Agent.Abort);
        await PassPauseAsync();
        Assert.Equal("/new", (await next).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_is_read_whole()
    {
        var source = Start();
        foreach (var part in GrpcFrame.Of(Pki.Response(Pki.Leaf("/slow")).ToByteArray())) Agent.SendRaw([part]);
        Assert.Equal("/slow", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_message_of_50_MB_is_not_taken_in_and_the_last_good_SVID_serves()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/good");
        var good = source.Current;
        Agent.SendRaw(GrpcFrame.Of(new byte[FiftyMegabytes]));
        var message = (await WaitForAsync("AgentUnavailable", Patience)).Message;
        Assert.Contains("A message is longer than the limit (MaxMessageBytes), which is 16777216.", message, StringComparison.Ordinal);
        Assert.Same(good, source.Current);

        // The agent could not get rid of it: nobody held it in memory.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Agent.WaitForScriptAsync(Patience));
        Assert.False(Patience.IsCancellationRequested);
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        await PassPauseAsync();
        Assert.Equal("/next", (await next).DefaultSvid.Id.Path);
    }

    [Theory]
    [Trait("Spec", "EP-24"), Trait("Trial", "O-02")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 2)]
    [InlineData("\0\0\0\u0004\0\0\0\0\0\u007F\u007F\u007F\u007F\u007F\u007F\u007F\u007F\u007F", 1)]
    [InlineData("Connection refused, try again later", 2)]
    [InlineData("", 1)]
    public async Task Garbage_instead_of_HTTP_2_is_one_event_and_the_last_good_SVID_serves(string garbage, int causes)
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync("/good");
        var good = source.Current;
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);

        using (var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            stranger.Bind(new UnixDomainSocketEndPoint(Agent.SocketPath));
            stranger.Listen();
            for (var i = 0; i < 3; i++)
            {
                await PassPauseAsync();
                using var connection = await stranger.AcceptAsync(Patience);
                await connection.SendAsync(System.Text.Encoding.Latin1.GetBytes(garbage), Patience);
            }

            await Time.WaitForTimerAsync(Patience, LongestPause);
        }

        File.Delete(Agent.SocketPath);
        Assert.Same(good, source.Current);

        // The agent that went away is one cause, a stranger in its place another.
        await WaitForAsync("AgentUnavailable", Patience, causes);
        Assert.Equal(causes, Logged("AgentUnavailable"));
        await Agent.RestartAsync();
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        await PassPauseAsync();
        Assert.Equal("/next", (await next).DefaultSvid.Id.Path);
    }

    private Wire.X509SVIDResponse FederatedOddly(string path)
    {
        var response = Pki.Response(Pki.Leaf(path));
        response.FederatedBundles.Add("OTHER", ByteString.Empty);
        return response;
    }
}
