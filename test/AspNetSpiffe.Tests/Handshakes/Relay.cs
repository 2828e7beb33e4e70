using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Tests.Handshakes;

/// <summary>Stands between clients and a server, passes every byte on, and keeps how each connection begins.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private delegate void Keep(ReadOnlySpan<byte> bytes);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<RelayedConnection> _connections = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Uri _server;
    private readonly Task _accepting;

    public Relay(Uri server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Gets the address to call instead of the server's.</summary>
    public Uri Address => new UriBuilder(_server) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;

    /// <summary>Gets the connections so far, in their order.</summary>
    public IReadOnlyList<RelayedConnection> Connections => [.. _connections];

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> passing = [];
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                var connection = new RelayedConnection();
                _connections.Enqueue(connection);
                passing.Add(PassAsync(client, connection));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(Socket client, RelayedConnection connection)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            await server.ConnectAsync(IPAddress.Loopback, _server.Port);
            await Task.WhenAll(PassAsync(client, server, connection.AddFromClient), PassAsync(server, client, connection.AddFromServer));
        }
    }

    private async Task PassAsync(Socket from, Socket to, Keep keep)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (var length = -1; length != 0;)
            {
                length = await from.ReceiveAsync(buffer, _stopping.Token);
                keep(buffer.AsSpan(0, length));
                await to.SendAsync(buffer.AsMemory(0, length), _stopping.Token);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One end broke off; so does the other.
            to.Dispose();
        }
    }
}
