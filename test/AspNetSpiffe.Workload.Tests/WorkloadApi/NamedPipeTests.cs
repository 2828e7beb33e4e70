using System.IO.Pipes;
using System.Net.Sockets;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>A Workload API behind a named pipe: .NET's own, which on Linux is a Unix socket by another name.</summary>
public sealed class NamedPipeTests(ITestOutputHelper output) : AgentTest(output)
{
    private readonly string _name = $"spiffe-test-{Guid.NewGuid():N}";

    [Fact, Trait("Spec", "EP-08")]
    public async Task A_context_comes_through_a_named_pipe()
    {
        Agent.Send(Pki.Response(Pki.Leaf("/web")));
        await using var pipe = new NamedPipeServerStream(_name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        var relaying = RelayAsync(pipe);

        using (var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"npipe:{_name}")))
            Assert.Equal("spiffe://td/web", (await client.FetchX509ContextAsync(Patience)).DefaultSvid.Id.ToString());

        await relaying;
    }

    [Fact]
    public async Task A_pipe_that_is_not_there_is_told_from_an_agent_that_does_not_answer()
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"npipe:{_name}"));
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchX509ContextAsync(Patience));

        Assert.Equal(WorkloadApiFailure.NoSuchSocket, e.Failure);
        Assert.Contains("The pipe does not exist, or it is busy. Start the agent, or correct the address.", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsTransient);
    }

    private async Task RelayAsync(NamedPipeServerStream pipe)
    {
        await pipe.WaitForConnectionAsync(Patience);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Agent.SocketPath), Patience);
        await using var agent = new NetworkStream(socket);
        var toClient = agent.CopyToAsync(pipe, Patience);
        await pipe.CopyToAsync(agent, Patience);
        socket.Shutdown(SocketShutdown.Both);
        await Record.ExceptionAsync(() => toClient);
    }
}
