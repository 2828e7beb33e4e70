using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Xunit.Abstractions;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>What stands between us and the agent.</summary>
public sealed class ConnectionTests(ITestOutputHelper output) : ClientTest(output)
{
    [Fact, Trait("Spec", "EP-24")]
    public async Task Without_a_socket_the_error_says_to_start_the_agent()
    {
        await Agent.StopAsync();
        await FailsTransientlyAsync(WorkloadApiFailure.NoSuchSocket, "There is no such socket. Start the agent, or correct the address.");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_socket_where_nobody_listens_is_refused()
    {
        await Agent.StopAsync();
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(Agent.SocketPath));
        await FailsTransientlyAsync(WorkloadApiFailure.ConnectionRefused, "Nobody listens there. Start the agent", "may be left from one that is gone");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_port_where_nobody_listens_is_refused()
    {
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{deaf.LocalEndPoint}"));
        await FailsAsync(() => client.FetchX509ContextAsync(Patience), WorkloadApiFailure.ConnectionRefused, "Nobody listens there.");
    }

    [FactAsUser, Trait("Spec", "EP-24"), UnsupportedOSPlatform("windows")]
    public async Task A_socket_that_we_may_not_open_says_to_grant_access()
    {
        File.SetUnixFileMode(Agent.SocketPath, UnixFileMode.None);
        await FailsTransientlyAsync(WorkloadApiFailure.NoPermission, "This process may not open the socket. Grant its user access");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_connection_that_breaks_before_the_answer_is_lost()
    {
        Agent.Abort();
        await FailsTransientlyAsync(WorkloadApiFailure.ConnectionLost, "The connection was lost");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_connection_that_breaks_within_a_stream_is_lost()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var watch = Client.WatchX509ContextAsync(Patience).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());

        await Agent.StopAsync();
        await FailsAsync(() => watch.MoveNextAsync().AsTask(), WorkloadApiFailure.ConnectionLost, "The connection was lost");
    }

    [Fact]
    public async Task A_server_of_another_protocol_is_a_lost_connection()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{listener.LocalEndPoint}"));

        var fetching = client.FetchX509ContextAsync(Patience);
        using var connection = await listener.AcceptAsync(Patience);
        await connection.SendAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Patience);
        await FailsAsync(() => fetching, WorkloadApiFailure.ConnectionLost);
    }

    [Fact]
    public async Task A_client_whose_agent_came_back_connects_again()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await FetchAsync();
        await Agent.StopAsync();
        await Assert.ThrowsAsync<WorkloadApiException>(FetchAsync);

        await Agent.RestartAsync();
        Agent.Send(Pki.Response(Pki.Leaf("/again")));
        Assert.Equal("/again", (await FetchAsync()).DefaultSvid.Id.Path);
    }

    private async Task FailsTransientlyAsync(WorkloadApiFailure failure, params string[] texts) =>
        Assert.True((await FailsAsync(FetchAsync, failure, texts)).IsTransient);
}
