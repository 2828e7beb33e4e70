using Xunit.Abstractions;

namespace AspNetSpiffe.InteropTests;

/// <summary>What our client is to a gRPC server that shares no code with it and asks for an SVID.</summary>
public abstract class ForeignGreeterContract(ITestOutputHelper output) : GreeterTest(output)
{
    private protected abstract OutsideProgram StartServer(string folder, string expectedCaller);

    [Theory, MemberData(nameof(Methods))]
    public async Task Each_kind_of_call_is_answered(string method, string[] names, string[] replies)
    {
        var server = await StartAsync(await WriteFilesAsync("server"));
        using var client = await ClientAsync("caller");
        await using var call = new GreeterCall(client, server.Address, method, Patience);

        Assert.Equal(replies, method == "Chat" ? await ChatAsync(call, names) : await SendAsync(call, names));
        Assert.Equal(0, await call.ReadStatusAsync());
        Assert.Equal($"{method} {CallerId}", await server.NextCallAsync(Patience));
    }

    [Theory]
    [InlineData("RepeatHello")]
    [InlineData("HelloToAll")]
    [InlineData("Chat")]
    public async Task A_method_that_is_for_somebody_else_answers_PermissionDenied(string method)
    {
        var server = await StartAsync(await WriteFilesAsync("server"));
        using var client = await ClientAsync("guest");
        await using var call = new GreeterCall(client, server.Address, method, Patience);
        call.Send("Ada");
        call.EndSending();

        Assert.Equal(PermissionDenied, await call.ReadStatusAsync());
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
        using var client = await ClientAsync("caller");
        await using var call = new GreeterCall(client, server.Address, "SayHello", Patience);
        call.Send("Ada");
        call.EndSending();

        var failure = await Assert.ThrowsAsync<HttpRequestException>(call.ReadAsync);
        Assert.Contains($"may have refused our SVID '{CallerId}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal("", await server.StopAsync(Patience));
    }

    private async Task<SpiffePeerRejectedException> AssertRefusedAsync(ForeignGreeter server)
    {
        using var client = await ClientAsync("caller");
        await using var call = new GreeterCall(client, server.Address, "SayHello", Patience);
        call.Send("Ada");
        call.EndSending();

        var refusal = await Assert.ThrowsAsync<SpiffePeerRejectedException>(call.ReadAsync);
        Assert.Equal("", await server.StopAsync(Patience));
        return refusal;
    }

    private protected async Task<ForeignGreeter> StartAsync(string folder) => Stopping(await ForeignGreeter.StartAsync(StartServer(folder, CallerId), Patience));

    protected async Task<HttpMessageInvoker> ClientAsync(string workload) =>
        new(SpiffeHttpHandler.Create(await StartSourceAsync(Agent.AddressOf(workload)), SpiffeIdPattern.Parse(ServerId)));

    private static async Task<List<string>> SendAsync(GreeterCall call, string[] names)
    {
        foreach (var name in names) call.Send(name);
        call.EndSending();
        List<string> replies = [];
        while (await call.ReadAsync() is { } reply) replies.Add(reply);
        return replies;
    }

    // Each name waits for the answer to the one before: both streams are open at once.
    private static async Task<List<string>> ChatAsync(GreeterCall call, string[] names)
    {
        List<string> replies = [];
        foreach (var name in names)
        {
            call.Send(name);
            replies.Add((await call.ReadAsync())!);
        }

        call.EndSending();
        return replies;
    }
}
