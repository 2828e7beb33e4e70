using System.Net.Sockets;

namespace AspNetSpiffe.TestKit;

/// <summary>A relay between a workload and its agent that forwards every byte, until it is frozen: connections stay open, new ones are accepted, and no data is forwarded.</summary>
/// <remarks>To the workload it looks like a stopped process (SIGSTOP). Its socket is removed with its folder.</remarks>
public sealed class AgentRelay : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agent-relay-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _tasks = [];
    private readonly string _agent;
    private volatile TaskCompletionSource _moving = Completed();

    /// <summary>Creates a relay to the socket of an agent, and listens.</summary>
    public AgentRelay(string agentSocket)
    {
        _agent = agentSocket;
        var path = Path.Combine(_folder.FullName, "relay.sock");
        Address = $"unix://{path}";
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _tasks.Add(AcceptAsync());
    }

    /// <summary>Gets the address for the workload.</summary>
    public string Address { get; }

    /// <summary>Stops forwarding.</summary>
    public void Freeze() => _moving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Resumes forwarding.</summary>
    public void Thaw() => _moving.TrySetResult();

    /// <summary>Breaks all connections, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Thaw();
        _listener.Dispose();
        Task[] tasks;
        lock (_tasks) tasks = [.. _tasks];
        await Task.WhenAll(tasks);
        _stopping.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var workload = await _listener.AcceptAsync(_stopping.Token);
                lock (_tasks) _tasks.Add(PassAsync(workload));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The relay is disposed.
        }
    }

    private async Task PassAsync(Socket workload)
    {
        using var agent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var own = workload;
        try
        {
            await _moving.Task.WaitAsync(_stopping.Token);
            await agent.ConnectAsync(new UnixDomainSocketEndPoint(_agent), _stopping.Token);
            await Task.WhenAny(CopyAsync(workload, agent), CopyAsync(agent, workload));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // One of the connections was closed.
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[4096];
        while (await from.ReceiveAsync(buffer, _stopping.Token) is > 0 and var length)
        {
            await _moving.Task.WaitAsync(_stopping.Token);
            await to.SendAsync(buffer.AsMemory(0, length), _stopping.Token);
        }
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
