using System.Buffers.Binary;
using System.Net.Sockets;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Stands between a workload and its agent, passes on every byte, and counts the pings as a server on grpc-go does (keepalive.EnforcementPolicy).</summary>
internal sealed class FrameRelay : IAsyncDisposable
{
    private const byte Data = 0;
    private const byte Headers = 1;
    private const byte Ping = 6;
    private const byte Acknowledgement = 1;
    private const int PrefaceLength = 24;

    // A connection error 0xB (ENHANCE_YOUR_CALM) of stream 0, with 'too_many_pings'.
    private static readonly byte[] GoAway = [0, 0, 22, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xB, .. "too_many_pings"u8];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("frame-relay-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly string _agent;
    private readonly Task _accepting;
    private TaskCompletionSource _pinged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _workload;
    private bool _mayPing;

    public FrameRelay(string agentSocket)
    {
        _agent = agentSocket;
        var path = Path.Combine(_folder.FullName, "relay.sock");
        Address = $"unix://{path}";
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>Gets how many pings came that nothing of the agent's had gone before.</summary>
    public int Strikes { get; private set; }

    public int Connections { get; private set; }

    /// <summary>Waits for a ping that nothing of the agent's has gone before.</summary>
    public Task WaitForStrikeAsync(CancellationToken cancellationToken) => _pinged.Task.WaitAsync(cancellationToken);

    /// <summary>Does what grpc-go does with whoever pings too often.</summary>
    public async Task ComplainAsync()
    {
        var workload = _workload!;
        await workload.SendAsync(GoAway);

        // Closed outright while something of the workload's is unread, the socket would be reset, and the frame lost.
        workload.Shutdown(SocketShutdown.Send);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        _workload?.Dispose();
        await _accepting;
        _stopping.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var agent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                using var workload = _workload = await _listener.AcceptAsync(_stopping.Token);
                Connections++;
                await agent.ConnectAsync(new UnixDomainSocketEndPoint(_agent), _stopping.Token);
                await Task.WhenAny(PassAsync(workload, agent, PrefaceLength, FromWorkload), PassAsync(agent, workload, 0, FromAgent));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The relay is disposed.
        }
    }

    private async Task PassAsync(Socket from, Socket to, int before, Action<byte, byte> frame)
    {
        try
        {
            var buffer = new byte[PrefaceLength + (1 << 20)];
            await ReadAsync(from, buffer.AsMemory(0, before));
            await to.SendAsync(buffer.AsMemory(0, before), _stopping.Token);
            while (true)
            {
                await ReadAsync(from, buffer.AsMemory(0, 9));
                var length = BinaryPrimitives.ReadInt32BigEndian(buffer) >> 8;
                await ReadAsync(from, buffer.AsMemory(9, length));
                frame(buffer[3], buffer[4]);
                await to.SendAsync(buffer.AsMemory(0, 9 + length), _stopping.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or EndOfStreamException)
        {
            // One of the three is gone.
        }
    }

    private async Task ReadAsync(Socket from, Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = await from.ReceiveAsync(buffer, _stopping.Token);
            if (read == 0) throw new EndOfStreamException();
            buffer = buffer[read..];
        }
    }

    private void FromAgent(byte type, byte flags)
    {
        lock (_lock) _mayPing |= type is Data or Headers;
    }

    private void FromWorkload(byte type, byte flags)
    {
        lock (_lock)
        {
            if (type != Ping || (flags & Acknowledgement) != 0) return;
            if (!_mayPing)
            {
                Strikes++;
                _pinged.TrySetResult();
            }

            _mayPing = false;
        }
    }
}
