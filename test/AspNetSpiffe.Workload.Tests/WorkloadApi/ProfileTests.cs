using System.Diagnostics;
using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>All five methods and both kinds of address, calls side by side, and the end of a client.</summary>
public sealed class ProfileTests(ITestOutputHelper output) : ClientTest(output)
{
    [Theory]
    [InlineData("FetchX509SVID"), InlineData("FetchX509Bundles"), InlineData("FetchJWTSVID"), InlineData("FetchJWTBundles"), InlineData("ValidateJWTSVID")]
    [Trait("Spec", "EP-20"), Trait("Spec", "EP-21")]
    public async Task Every_method_carries_what_gRPC_asks_for_the_security_header_and_no_trace(string method)
    {
        using var activity = new Activity("caller").Start();
        Agent.CloseWith(StatusCode.Internal);
        await FailsAsync(() => CallAsync(method), WorkloadApiFailure.Status);

        var call = Assert.Single(Agent.Calls);
        Assert.Equal("/SpiffeWorkloadAPI/" + method, call.Path);
        Assert.Equal(["true"], call.Headers["workload.spiffe.io"]);
        Assert.Equal(["trailers"], call.Headers["te"]);
        Assert.Equal(["content-type", "host", "te", "user-agent", "workload.spiffe.io"], call.Headers.Keys.Where(name => name[0] != ':').Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_error_names_the_address()
    {
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await FailsAsync(FetchAsync, WorkloadApiFailure.Status, $"The call to the SPIFFE Workload API at '{Agent.Address}' failed. It answered 'PermissionDenied: no identity issued'.");
    }

    [Fact, Trait("Spec", "EP-07")]
    public async Task A_socket_with_escapes_in_its_path_is_opened_under_its_decoded_name()
    {
        var file = Path.Combine(Path.GetDirectoryName(Agent.SocketPath)!, "an agent.sock");
        File.CreateSymbolicLink(file, Agent.SocketPath);
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse("unix://" + file.Replace(" ", "%20", StringComparison.Ordinal)));
        Agent.Send(Pki.Response(Pki.Leaf("/web")));
        Assert.Equal("/web", (await client.FetchX509ContextAsync(Patience)).DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "EP-06")]
    public async Task An_agent_on_a_port_is_asked_without_TLS()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{listener.LocalEndpoint}"));
        var fetching = client.FetchX509ContextAsync(Patience);
        using (var connection = await listener.AcceptTcpClientAsync(Patience))
        {
            var preface = new byte[14];
            await connection.GetStream().ReadExactlyAsync(preface, Patience);
            Assert.Equal("PRI * HTTP/2.0"u8, preface);
        }

        await FailsAsync(() => fetching, WorkloadApiFailure.ConnectionLost);
    }

    [Fact]
    public async Task A_disposed_client_ends_its_calls()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var watch = Client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        var next = watch.MoveNextAsync().AsTask();

        Client.Dispose();
        await FailsAsync(() => next.WaitAsync(Patience), WorkloadApiFailure.ConnectionLost);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(FetchAsync);
    }

    [Fact]
    public async Task A_disposed_client_ends_its_calls_even_of_a_frozen_agent()
    {
        await using var relay = new AgentRelay(Agent.SocketPath);
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(relay.Address));
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var watch = client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        var next = watch.MoveNextAsync().AsTask();

        relay.Freeze();
        client.Dispose();
        await FailsAsync(() => next.WaitAsync(Patience), WorkloadApiFailure.ConnectionLost, "the client is disposed");
        relay.Thaw();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task Calls_at_the_same_time_and_after_each_other_share_one_connection()
    {
        await using var relay = new Sources.FrameRelay(Agent.SocketPath);
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(relay.Address));
        for (var round = 1; round <= 2; round++)
        {
            var fetching = Enumerable.Range(0, 16).Select(_ => client.FetchX509ContextAsync(Patience)).ToArray();
            await Agent.WaitForCallAsync(16 * round, Patience);
            for (var i = 0; i < 16; i++) Agent.Send(Pki.Response(Pki.Leaf($"/{i}")));
            Assert.Equal(16, (await Task.WhenAll(fetching)).Select(context => context.DefaultSvid.Id).Distinct().Count());
        }

        Assert.Equal(1, relay.Connections);
    }

    [Fact, Trait("Spec", "WA-07")]
    public async Task A_message_that_breaks_a_rule_ends_neither_the_stream_nor_the_inner_watch()
    {
        Agent.Send(Pki.Response(Pki.Leaf("/one")));
        Agent.Send(new X509SVIDResponse());
        Agent.Send(Pki.Response(Pki.Leaf("/two")));
        Agent.CloseWith(StatusCode.OK);

        var updates = new List<Update<X509Context>>();
        await foreach (var update in Client.WatchX509UpdatesAsync(null, Patience)) updates.Add(update);
        Assert.Equal(["/one", null, "/two"], updates.Select(update => update.Value?.DefaultSvid.Id.Path));
        Assert.Contains("no SVID", updates[1].Problem!.Message, StringComparison.Ordinal);
        Assert.Single(Agent.Calls);
    }

    [Fact, Trait("Spec", "WA-17")]
    public async Task Bundles_alone_are_watched_and_each_message_replaces_the_last()
    {
        var other = new TestPki("other");
        Agent.Send(Pki.BundlesResponse(other));
        Agent.Send(Pki.BundlesResponse());
        Agent.CloseWith(StatusCode.OK);

        var sets = new List<X509BundleSet>();
        await foreach (var set in Client.WatchX509BundlesAsync(Patience)) sets.Add(set);
        Assert.Equal([2, 1], sets.Select(set => set.Count));
        Assert.Equal(Pki.Bundle, sets[1].Find(Pki.TrustDomain));
    }

    private Task CallAsync(string method) => method switch
    {
        "FetchX509SVID" => Client.FetchX509ContextAsync(Patience),
        "FetchX509Bundles" => Client.FetchX509BundlesAsync(Patience),
        "FetchJWTSVID" => Client.FetchJwtSvidsAsync("aud", cancellationToken: Patience),
        "FetchJWTBundles" => Client.FetchJwtBundlesAsync(Patience),
        _ => Client.ValidateJwtSvidAsync("aud", new TestToken().ToString(), Patience),
    };
}
