using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

/// <summary>What stands between us and the agent.</summary>
public sealed class ConnectionTests(ITestOutputHelper output) : ClientTest(output)
{
    [Fact, Trait("Spec", "EP-24")]
    public async Task Without_a_socket_the_error_says_to_start_the_agent()
    {
        await Agent.StopAsync();
        await FailsTransientlyAsync(WorkloadApiFailure.NoSuchSocket, "The socket does not exist. Start the agent, or correct the address.");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_socket_where_nobody_listens_is_refused()
    {
        await Agent.StopAsync();
        using var deaf = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        deaf.Bind(new UnixDomainSocketEndPoint(Agent.SocketPath));
        await FailsTransientlyAsync(WorkloadApiFailure.ConnectionRefused, "Connection refused: no process listens on the socket. Start the agent", "may be left over from a stopped one");
    }

    [Fact, Trait("Spec", "EP-24")]
    public async Task A_port_where_nobody_listens_is_refused()
    {
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{deaf.LocalEndPoint}"));
        await FailsAsync(() => client.FetchX509ContextAsync(Patience), WorkloadApiFailure.ConnectionRefused, "Connection refused: no process listens at the address.");
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

    [Theory, Trait("Trial", "O-02")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "is a web server without HTTP/2")]
    [InlineData("\u0015\u0003\u0003\0\u0002\u0002\u0046", "uses TLS")]
    [InlineData("220 mail.example.org ESMTP\r\n", "does not support HTTP/2")]
    [InlineData("x", "does not support HTTP/2")]
    public async Task A_server_of_another_protocol_is_named(string greeting, string what)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{listener.LocalEndPoint}"));

        var fetching = client.FetchX509ContextAsync(Patience);
        using var connection = await listener.AcceptAsync(Patience);
        await connection.SendAsync(System.Text.Encoding.Latin1.GetBytes(greeting), Patience);
        connection.Shutdown(SocketShutdown.Send);
        Assert.True((await FailsAsync(() => fetching, WorkloadApiFailure.MalformedResponse, what, "check the address")).IsTransient);
    }

    [Fact, Trait("Trial", "O-02")]
    public async Task A_server_that_says_nothing_and_closes_may_be_another_program()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"tcp://{listener.LocalEndPoint}"));
        var fetching = client.FetchX509ContextAsync(Patience);
        (await listener.AcceptAsync(Patience)).Dispose();
        await FailsAsync(() => fetching, WorkloadApiFailure.ConnectionLost, "closed it without sending anything", "a server that requires TLS");
    }

    [Fact, Trait("Trial", "O-02")]
    public async Task A_folder_where_the_socket_should_be_is_named_and_so_is_what_is_in_it()
    {
        var folder = Path.GetDirectoryName(Agent.SocketPath)!;
        await FailsAtAsync(folder, "The path is a directory, not a socket. The socket may be inside; the directory contains 'agent.sock'.");
        await FailsAtAsync(Directory.CreateDirectory(Path.Combine(folder, "mounted")).FullName, "The path is a directory, not a socket. It is empty: container runtimes create a directory");
    }

    [Theory, Trait("Trial", "O-02")]
    [InlineData("")]
    [InlineData("text")]
    public async Task An_ordinary_file_where_the_socket_should_be_is_named(string text)
    {
        var file = Path.Combine(Path.GetDirectoryName(Agent.SocketPath)!, "file");
        await File.WriteAllTextAsync(file, text);
        await FailsAtAsync(file, "The path is a regular file, not a socket");
        await FailsAtAsync(Path.Combine(file, "agent.sock"), $"'{file}' is a file, not a directory");
        Assert.Equal(text, await File.ReadAllTextAsync(file));
    }

    [Fact, Trait("Trial", "O-02")]
    public async Task A_folder_that_is_missing_is_named_the_uppermost_one()
    {
        var folder = Path.Combine(Path.GetDirectoryName(Agent.SocketPath)!, "run");
        await FailsAtAsync(Path.Combine(folder, "spire", "agent.sock"), $"The directory '{folder}' does not exist: start the agent, or mount its directory into this container");
    }

    [Fact, Trait("Trial", "O-02")]
    public async Task A_symbolic_link_that_leads_nowhere_is_named()
    {
        var link = Path.Combine(Path.GetDirectoryName(Agent.SocketPath)!, "link.sock");
        File.CreateSymbolicLink(link, "/nowhere/agent.sock");
        await FailsAtAsync(link, "The path is a symbolic link to '/nowhere/agent.sock', which does not exist");
    }

    [Fact]
    public async Task A_client_whose_agent_came_back_connects_again()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await FetchAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        await Agent.StopAsync();
        await Assert.ThrowsAsync<WorkloadApiException>(FetchAsync);

        await Agent.RestartAsync();
        Agent.Send(Pki.Response(Pki.Leaf("/again")));
        Assert.Equal("/again", (await FetchAsync()).DefaultSvid.Id.Path);
    }

    private async Task FailsAtAsync(string path, string text)
    {
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse($"unix://{path}"));
        Assert.True((await FailsAsync(() => client.FetchX509ContextAsync(Patience), WorkloadApiFailure.NoSuchSocket, text)).IsTransient);
    }

    private async Task FailsTransientlyAsync(WorkloadApiFailure failure, params string[] texts) =>
        Assert.True((await FailsAsync(FetchAsync, failure, texts)).IsTransient);
}
