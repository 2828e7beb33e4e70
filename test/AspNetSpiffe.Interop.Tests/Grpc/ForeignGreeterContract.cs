using AspNetSpiffe.TestKit;
using Grpc.Core;
using Grpc.Net.Client;
using GrpcMtls;

namespace AspNetSpiffe.InteropTests;

/// <summary>What our client is to a gRPC server that shares no code with it and asks for an SVID.</summary>
public abstract class ForeignGreeterContract(ITestOutputHelper output) : GreeterTest(output)
{
    private readonly Stack<GrpcChannel> _channels = new();

    private protected abstract OutsideProgram StartServer(string folder, string expectedCaller);

    [Theory, MemberData(nameof(Methods))]
    public async Task Each_kind_of_call_is_answered(string method, string[] names, string[] replies)
    {
        var server = await StartAsync(await WriteFilesAsync("server"));
        var client = await ClientAsync("caller", server);

        Assert.Equal(replies, await client.CallAsync(method, names, Patience));
        Assert.Equal($"{method} {CallerId}", await server.NextCallAsync(Patience));
    }

    [Theory]
    [InlineData("RepeatHello")]
    [InlineData("HelloToAll")]
    [InlineData("Chat")]
    public async Task A_method_that_is_for_somebody_else_answers_PermissionDenied(string method)
    {
        var server = await StartAsync(await WriteFilesAsync("server"));
        var client = await ClientAsync("guest", server);

        Assert.Equal(StatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => client.CallAsync(method, ["Ada"], Patience))).StatusCode);
        Assert.Equal($"{method} {GuestId}", await server.NextCallAsync(Patience));
    }

    [Fact]
    public async Task A_server_that_is_not_the_one_we_mean_is_refused_at_the_handshake()
    {
        var server = await StartAsync(await WriteFilesAsync("outsider"));

        var refusal = await AssertRefusedAsync(server);
        Assert.Equal(RejectionReason.NotAllowed, refusal.Reason);
        Assert.Equal("spiffe://example.org/outsider", $"{refusal.Id}");
        Assert.Equal(ServerId, refusal.Expected.ToString());
    }

    [Fact]
    public async Task A_server_of_an_unknown_trust_domain_is_refused_at_the_handshake()
    {
        var server = await StartAsync(await WriteFilesOfStrangerAsync("server"));

        var refusal = await AssertRefusedAsync(server);
        Assert.Equal(RejectionReason.UnknownTrustDomain, refusal.Reason);
        Assert.Equal("spiffe://elsewhere.test/server", $"{refusal.Id}");
    }

    [Fact]
    public async Task A_server_that_does_not_trust_our_trust_domain_refuses_us_at_the_handshake()
    {
        var server = await StartAsync(await WriteFilesTrustingStrangersAsync("server"));
        var client = await ClientAsync("caller", server);

        var failure = Assert.IsType<HttpRequestException>(await FailureOfAsync(client));
        Assert.Contains($"may have rejected our SVID '{CallerId}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal("", await server.StopAsync(Patience));
    }

    private async Task<SpiffePeerRejectedException> AssertRefusedAsync(ForeignGreeter server)
    {
        var refusal = Assert.IsType<SpiffePeerRejectedException>(await FailureOfAsync(await ClientAsync("caller", server)));
        Assert.Equal("", await server.StopAsync(Patience));
        return refusal;
    }

    private protected async Task<Exception?> FailureOfAsync(Greeter.GreeterClient client) =>
        (await Assert.ThrowsAsync<RpcException>(() => client.CallAsync("SayHello", ["Ada"], Patience))).Status.DebugException;

    private protected async Task<ForeignGreeter> StartAsync(string folder) => Stopping(await ForeignGreeter.StartAsync(StartServer(folder, CallerId), Patience));

    private protected async Task<Greeter.GreeterClient> ClientAsync(string workload, ForeignGreeter server)
    {
        var handler = SpiffeHttpHandler.Create(await StartSourceAsync(Agent.AddressOf(workload)), SpiffeIdPattern.Parse(ServerId));
        _channels.Push(GrpcChannel.ForAddress($"https://{server.Address}", new() { HttpHandler = handler, DisposeHttpClient = true }));
        return new(_channels.Peek());
    }

    protected override async ValueTask StopAsync()
    {
        foreach (var channel in _channels) channel.Dispose();
        await base.StopAsync();
    }
}
