using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A SOCKS 5 proxy (RFC 1928), with user name and password (RFC 1929) when it has some.</summary>
internal sealed class SocksProxy() : TunnelProxy("socks5")
{
    private byte Method => Credentials is null ? (byte)0 : (byte)2;

    protected override async Task<DnsEndPoint?> AskAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        var methods = await ReadAsync(client, (await ReadAsync(client, 2, cancellationToken))[1], cancellationToken);
        await client.WriteAsync(new byte[] { 5, methods.Contains(Method) ? Method : (byte)0xFF }, cancellationToken);
        if (!methods.Contains(Method) || !await IsWelcomeAsync(client, cancellationToken)) return null;

        var kind = (await ReadAsync(client, 4, cancellationToken))[3];
        var host = kind == 3
            ? await ReadTextAsync(client, cancellationToken)
            : new IPAddress(await ReadAsync(client, kind == 1 ? 4 : 16, cancellationToken)).ToString();
        return new(host, BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(client, 2, cancellationToken)));
    }

    protected override Task ConfirmAsync(NetworkStream client, CancellationToken cancellationToken) =>
        client.WriteAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 }, cancellationToken).AsTask();

    private async Task<bool> IsWelcomeAsync(NetworkStream client, CancellationToken cancellationToken)
    {
        if (Credentials is null) return true;
        await ReadAsync(client, 1, cancellationToken);
        var (user, password) = (await ReadTextAsync(client, cancellationToken), await ReadTextAsync(client, cancellationToken));
        var isWelcome = (user, password) == (Credentials.UserName, Credentials.Password);
        await client.WriteAsync(new byte[] { 1, isWelcome ? (byte)0 : (byte)1 }, cancellationToken);
        return isWelcome;
    }

    private static async Task<string> ReadTextAsync(NetworkStream client, CancellationToken cancellationToken) =>
        Encoding.ASCII.GetString(await ReadAsync(client, (await ReadAsync(client, 1, cancellationToken))[0], cancellationToken));

    private static async Task<byte[]> ReadAsync(NetworkStream client, int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length];
        await client.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }
}
