using System.Net;
using System.Net.Sockets;

namespace Mesh.Names.Dns;

/// <summary>One query and one response per packet. Sequential, because a response takes microseconds.</summary>
internal sealed class DnsOverUdp(Socket socket, DnsResponder responder, ILogger logger)
{
    public async Task RunAsync(CancellationToken stopping)
    {
        var buffer = new byte[ushort.MaxValue];
        var anybody = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anybody, stopping);
                if (responder.Answer(buffer[..received.ReceivedBytes], overUdp: true) is { } answer) await socket.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, stopping);
            }
            catch (Exception problem) when (problem is SocketException || stopping.IsCancellationRequested)
            {
                // The client has disconnected, or its address is unreachable; or the server stops.
                logger.LogDebug("DNS over UDP: {Problem}", problem.Message);
            }
        }
    }
}
