using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>What a call looks like to the agent, and how it is cancelled.</summary>
public sealed class CallTests(ITestOutputHelper output) : ClientTest(output)
{
    [Fact]
    [Trait("Spec", "EP-20"), Trait("Spec", "EP-21")]
    public async Task Every_call_carries_the_security_header_exactly_once()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await FetchAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        Agent.Send(Pki.BundlesResponse());
        await Client.FetchX509BundlesAsync(Patience);
        await Agent.Calls[1].WaitForCancelAsync(Patience);
        Agent.Send(Pki.Response(Pki.Leaf()));
        Agent.CloseWith(StatusCode.OK);
        await WatchToTheEndAsync();

        Assert.Equal(
            ["/SpiffeWorkloadAPI/FetchX509SVID", "/SpiffeWorkloadAPI/FetchX509Bundles", "/SpiffeWorkloadAPI/FetchX509SVID"],
            Agent.Calls.Select(c => c.Path));
        Assert.All(Agent.Calls, call => Assert.Equal(["true"], call.Headers["workload.spiffe.io"]));
    }

    [Fact, Trait("Spec", "EP-20")]
    public async Task A_call_is_what_gRPC_asks_for()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await FetchAsync();

        var call = Assert.Single(Agent.Calls);
        Assert.Equal(["application/grpc"], call.Headers["content-type"]);
        Assert.Equal(["trailers"], call.Headers["te"]);
        Assert.DoesNotContain("content-length", call.Headers.Keys);
        Assert.DoesNotContain("grpc-accept-encoding", call.Headers.Keys);
        Assert.Equal(GrpcFrame.Of([]), call.Body);
    }

    [Fact, Trait("Spec", "WA-04")]
    public async Task A_watch_gives_each_message_as_it_comes()
    {
        Agent.Send(Pki.Response(Pki.Leaf("/first")));
        await using var watch = Client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal("/first", watch.Current.DefaultSvid.Id.Path);

        Agent.Send(Pki.Response(Pki.Leaf("/second")));
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal("/second", watch.Current.DefaultSvid.Id.Path);

        Agent.CloseWith(StatusCode.OK);
        Assert.False(await watch.MoveNextAsync());
    }

    [Fact]
    public async Task A_cancelled_call_ends_at_once_and_the_agent_hears_of_it()
    {
        using var stop = new CancellationTokenSource();
        var fetching = Client.FetchX509ContextAsync(stop.Token);
        var call = await Agent.WaitForCallAsync(1, Patience);

        await stop.CancelAsync();
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching.WaitAsync(Patience));
        Assert.False(Patience.IsCancellationRequested, e.Message);
        await call.WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task A_cancelled_watch_ends_at_once_and_the_agent_hears_of_it()
    {
        using var stop = new CancellationTokenSource();
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var watch = Client.WatchX509ContextAsync(stop.Token).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());

        var next = watch.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Patience));
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task A_connection_that_breaks_while_a_watch_is_cancelled_is_a_cancellation()
    {
        using var stop = new CancellationTokenSource();
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var watch = Client.WatchX509ContextAsync(stop.Token).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        var next = watch.MoveNextAsync().AsTask();

        // The last to register is the first to run: the connection breaks before the read hears of the cancellation.
        using var registration = stop.Token.Register(() =>
        {
            Agent.Abort();
            ((IAsyncResult)next).AsyncWaitHandle.WaitOne(HangLimit.OfATest);
        });
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_call_that_is_cancelled_before_it_begins_is_not_made()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client.FetchX509ContextAsync(new CancellationToken(canceled: true)));
        Assert.Empty(Agent.Calls);
    }

    [Fact]
    public async Task A_fetch_takes_the_first_message_and_ends_the_call()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await FetchAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task A_watch_that_the_reader_leaves_is_ended_at_the_agent()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await foreach (var _ in Client.WatchX509ContextAsync(Patience)) break;
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }
}
