using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>All five methods and both kinds of address, calls side by side, and the end of a client.</summary>
public sealed class ProfileTests(ITestOutputHelper output) : ClientTest(output)
{
    [Theory]
    [InlineData("FetchX509SVID"), InlineData("FetchX509Bundles"), InlineData("FetchJWTSVID"), InlineData("FetchJWTBundles"), InlineData("ValidateJWTSVID")]
    [Trait("Spec", "EP-20"), Trait("Spec", "EP-21")]
    public async Task Every_method_carries_the_security_header_exactly_once_and_no_trace(string method)
    {
        Agent.CloseWith(GrpcStatusCode.Internal);
        await FailsAsync(() => CallAsync(method), WorkloadApiFailure.Status);

        var call = Assert.Single(Agent.Calls);
        Assert.Equal("/SpiffeWorkloadAPI/" + method, call.Path);
        Assert.Equal(["true"], call.Headers["workload.spiffe.io"]);
        Assert.Equal(["trailers"], call.Headers["te"]);
        Assert.DoesNotContain("traceparent", call.Headers.Keys);
        Assert.DoesNotContain("content-length", call.Headers.Keys);
    }

    [Fact]
    public async Task An_error_names_the_address()
    {
        Agent.CloseWith(GrpcStatusCode.PermissionDenied, "no identity issued");
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
    public async Task Calls_at_the_same_time_share_one_client()
    {
        var fetching = Enumerable.Range(0, 16).Select(_ => FetchAsync()).ToArray();
        await Agent.WaitForCallAsync(16, Patience);
        for (var i = 0; i < 16; i++) Agent.Send(Pki.Response(Pki.Leaf($"/{i}")));
        Assert.Equal(16, (await Task.WhenAll(fetching)).Select(context => context.DefaultSvid.Id).Distinct().Count());
    }

    [Fact, Trait("Spec", "WA-07")]
    public async Task A_message_that_breaks_a_rule_ends_neither_the_stream_nor_the_inner_watch()
    {
        Agent.Send(Pki.Response(Pki.Leaf("/one")));
        Agent.Send(new X509SVIDResponse());
        Agent.Send(Pki.Response(Pki.Leaf("/two")));
        Agent.CloseWith(GrpcStatusCode.Ok);

        var updates = new List<AgentUpdate<X509Context>>();
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
        Agent.CloseWith(GrpcStatusCode.Ok);

        var sets = new List<X509BundleSet>();
        await foreach (var set in Client.WatchX509BundlesAsync(Patience)) sets.Add(set);
        Assert.Equal([2, 1], sets.Select(set => set.Count));
        Assert.Equal(Pki.Bundle, sets[1].Find(Pki.TrustDomain));
    }

    [Fact]
    public async Task Any_bytes_are_a_message_or_a_WorkloadApiException()
    {
        var random = new Random(2);
        var good = new X509SVIDResponse { Svids = { new X509SVID { SpiffeId = "spiffe://td/a", Hint = "ä" } }, FederatedBundles = { { "k", ByteString.CopyFromUtf8("v") } } }.ToByteArray();
        for (var i = 0; i < 5_000; i++)
        {
            byte[] message = [.. good];
            for (var flips = random.Next(1, 4); flips > 0; flips--) message[random.Next(message.Length)] = (byte)random.Next(256);
            using var body = new MemoryStream([0, 0, 0, 0, (byte)message.Length, .. message[..random.Next(message.Length + 1)]]);

            var reader = new GrpcMessageReader(body, WorkloadApiAddress.Parse(Agent.Address), SpiffeLimits.Default.MaxMessageBytes);
            if (await Record.ExceptionAsync(() => reader.ReadAsync(new WireMessages(SpiffeLimits.Default).ReadX509Svids, Patience)) is { } e) Assert.IsType<WorkloadApiException>(e);
        }
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
