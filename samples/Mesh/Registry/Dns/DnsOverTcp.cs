using System.Buffers.Binary;
using System.Net.Sockets;

namespace Mesh.Names.Dns;

/// <summary>TCP connections with any number of length-prefixed queries, answered in order (RFC 7766).</summary>
internal sealed class DnsOverTcp(Socket listener, DnsResponder responder, RegistryOptions options, ILogger logger)
{
    private const int LengthBytes = 2;

    /// <summary>Serves the maximum number of concurrent connections; further ones wait until another has ended.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(Enumerable.Range(0, options.DnsConnections).Select(_ => ServeOneByOneAsync(stopping)));

    private async Task ServeOneByOneAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var stream = new NetworkStream(await listener.AcceptAsync(stopping), ownsSocket: true);
                var more = true;
                while (more) more = await AnswerNextAsync(stream, stopping);
            }
            catch (Exception end) when (end is SocketException or IOException or OperationCanceledException || stopping.IsCancellationRequested)
            {
                // The client disconnected during a query, or timed out; or the server stops.
                logger.LogDebug("DNS over TCP: {Problem}", end.Message);
            }
        }
    }

    private async Task<bool> AnswerNextAsync(NetworkStream stream, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(options.DnsTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        var length = new byte[LengthBytes];
        if (await stream.ReadAtLeastAsync(length, LengthBytes, throwOnEndOfStream: false, either.Token) < LengthBytes) return false;
        var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(query, either.Token);
        if (responder.Answer(query, overUdp: false) is not { } answer) return false;

        // In one write: some clients expect the length and the message in one read (RFC 7766 §8).
        var framed = new byte[LengthBytes + answer.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
        answer.CopyTo(framed, LengthBytes);
        await stream.WriteAsync(framed, either.Token);
        return true;
    }
}
