using System.Net.Sockets;
using System.Security.Authentication;
using AspNetSpiffe;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Mesh.Service.Egress;

/// <summary>The L4 egress: forwards bytes between a local connection and one service, over mutual TLS.</summary>
/// <remarks>
/// No ALPN, because the protocol is unknown: an HTTP server assumes HTTP/1.1. A connection ends when the SVID of either end expires, and with the service.
/// A connection that the service ends without a TLS close_notify is not distinguished from one with it: protocols that end with the connection must detect truncation themselves.
/// </remarks>
internal sealed class Tunnel(X509Source source, ServiceOptions options, IHostApplicationLifetime host, ILogger<Tunnel> logger)
{
    public async Task RunAsync(ConnectionContext local, string name)
    {
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(host.ApplicationStopping);
            var destination = Destination.Find(name, source) ?? throw new AuthenticationException($"'{name}' is not a service of our trust domain now.");
            await using var remote = await MeshConnection.OpenAsync(source, options.Router, destination, end.Token);
            await PumpAsync(local, remote, end);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // Aborted, so that a truncated response does not look complete.
            local.Abort(new ConnectionAbortedException(e.Message));
            if (!host.ApplicationStopping.IsCancellationRequested) logger.LogWarning(Events.TunnelEnded, "The L4 connection to {Name} was cut off. {Why}", name, e.Message);
        }
    }

    private static async Task PumpAsync(ConnectionContext local, MeshConnection remote, CancellationTokenSource end)
    {
        List<Task> both = [SendAsync(local, remote, end.Token), ReceiveAsync(local, remote, end.Token)];
        var untrusted = remote.WaitUntilUntrustedAsync(end.Token);
        try
        {
            while (both.Count > 0)
            {
                var done = await Task.WhenAny([untrusted, .. both]);
                if (done == untrusted) throw new AuthenticationException(await untrusted);
                await done;
                both.Remove(done);
            }
        }
        finally
        {
            await end.CancelAsync();

            // Further exceptions are consequences of the end of the connection.
            await Task.WhenAll([untrusted, .. both]).ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        }
    }

    private static async Task SendAsync(ConnectionContext local, MeshConnection remote, CancellationToken cancellationToken)
    {
        await local.Transport.Input.CopyToAsync(remote.Stream, cancellationToken);

        // The local program has finished sending, but may still read.
        await remote.Stream.ShutdownAsync();
    }

    // Directly to the socket: completing Kestrel's output closes both directions.
    private static async Task ReceiveAsync(ConnectionContext local, MeshConnection remote, CancellationToken cancellationToken)
    {
        var socket = local.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        await using var output = new NetworkStream(socket, ownsSocket: false);
        await remote.Stream.CopyToAsync(output, cancellationToken);
        socket.Shutdown(SocketShutdown.Send);
    }
}
