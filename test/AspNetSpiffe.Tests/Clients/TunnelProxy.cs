using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A forward proxy: opens a tunnel to whatever it is asked for, passes every byte on, and keeps what it was asked.</summary>
internal abstract class TunnelProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _tunnels = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _connections;

    protected TunnelProxy(string scheme)
    {
        _listener.Start();
        Address = new($"{scheme}://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    /// <summary>Gets who may use it; <see langword="null"/> is everybody.</summary>
    public NetworkCredential? Credentials { get; init; }

    /// <summary>Gets the connections so far, tunnels or not.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Gets where the tunnels so far lead, in their order.</summary>
    public IReadOnlyList<string> Tunnels => [.. _tunnels];

    /// <summary>Makes a client go through it.</summary>
    public void Use(SocketsHttpHandler handler) => (handler.UseProxy, handler.Proxy) = (true, new WebProxy(Address) { Credentials = Credentials });

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Talks with a client until it has said where it wants to go; <see langword="null"/> when it may not.</summary>
    protected abstract Task<DnsEndPoint?> AskAsync(NetworkStream client, CancellationToken cancellationToken);

    /// <summary>Says that the tunnel is open.</summary>
    protected abstract Task ConfirmAsync(NetworkStream client, CancellationToken cancellationToken);

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true) serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket accepted)
    {
        Interlocked.Increment(ref _connections);
        await using var client = new NetworkStream(accepted, ownsSocket: true);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (await AskAsync(client, _stopping.Token) is not { } target) return;
            await socket.ConnectAsync(target, _stopping.Token);
            await using var server = new NetworkStream(socket);
            _tunnels.Enqueue($"{target.Host}:{target.Port}");
            await ConfirmAsync(client, _stopping.Token);

            // The first end that leaves takes the other along.
            await await Task.WhenAny(client.CopyToAsync(server, _stopping.Token), server.CopyToAsync(client, _stopping.Token));
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One end broke off, or the test is over.
        }
    }
}
