using System.Net.Sockets;

namespace AspNetSpiffe.MeshTests;

/// <summary>Sends what dig does not.</summary>
public abstract class DnsRawTest(ITestOutputHelper output) : RegistryTest(output)
{
    private protected const ushort Last = 0xfffe;

    private Socket _udp = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Add(NameOfA, "127.0.0.2:9005");
        _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await _udp.ConnectAsync(Dns, Patience);
    }

    protected override async ValueTask StopAsync()
    {
        _udp.Dispose();
        await base.StopAsync();
    }

    private protected async Task SendAsync(byte[] packet) => await _udp.SendAsync(packet, Patience);

    private protected async Task<byte[]> ReceiveAsync()
    {
        var buffer = new byte[ushort.MaxValue];
        return buffer[..await _udp.ReceiveAsync(buffer, Patience)];
    }

    private protected async Task<byte[]> AskAsync(byte[] packet)
    {
        await SendAsync(packet);
        return await ReceiveAsync();
    }

    /// <summary>Asks something that must be answered: all answers before that one are to what was sent before.</summary>
    private protected async Task<List<byte[]>> DrainAsync()
    {
        await SendAsync(DnsPacket.Query(NameOfA, id: Last));
        var before = new List<byte[]>();
        while (true)
        {
            var answer = await ReceiveAsync();
            if (DnsPacket.IdOf(answer) == Last) return before;
            before.Add(answer);
        }
    }

    private protected async Task<NetworkStream> ConnectAsync()
    {
        var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await tcp.ConnectAsync(Dns, Patience);
        return Stopping(new NetworkStream(tcp, ownsSocket: true));
    }

    private protected async Task<byte[]> ReadAsync(NetworkStream stream)
    {
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, Patience);
        var message = new byte[DnsPacket.IdOf(length)];
        await stream.ReadExactlyAsync(message, Patience);
        return message;
    }

    /// <summary>Says whether the server has closed the connection: nothing more comes, or what was unread was reset.</summary>
    private protected async Task<bool> IsClosedAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1], Patience) == 0;
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return true;
        }
    }
}
