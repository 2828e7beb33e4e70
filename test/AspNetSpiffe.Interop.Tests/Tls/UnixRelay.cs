using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.InteropTests;

/// <summary>A free TCP port of a server that listens on a Unix socket: passes every byte on.</summary>
internal sealed class UnixRelay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _path;
    private readonly Task _accepting;

    public UnixRelay(string path)
    {
        _path = path;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
            while (true) passing.Add(PassAsync(await _listener.AcceptSocketAsync(_stopping.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_path));
            await using NetworkStream there = new(server), here = new(client);
            try
            {
                // The first that ends ends both.
                await await Task.WhenAny(here.CopyToAsync(there, _stopping.Token), there.CopyToAsync(here, _stopping.Token));
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // Whoever went away is gone.
            }
        }
    }
}
