using System.Buffers.Binary;
using System.Net.Sockets;

namespace Mesh.Names.Dns;

/// <summary>Connections with any number of queries, each after its length, answered in their order (RFC 7766).</summary>
internal sealed class DnsOverTcp(Socket listener, DnsResponder responder, RegistryOptions options, ILogger logger)
{
    private const int LengthBytes = 2;

    /// <summary>Serves as many connections at once as are allowed. Whoever comes when all are taken waits until one has ended, which is soon.</summary>
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
                // The client went away in the middle of a query, or took too long; or the server stops.
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

        // In one piece: some clients read the length and the message as one (RFC 7766 §8).
        var framed = new byte[LengthBytes + answer.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
        answer.CopyTo(framed, LengthBytes);
        await stream.WriteAsync(framed, either.Token);
        return true;
    }
}
