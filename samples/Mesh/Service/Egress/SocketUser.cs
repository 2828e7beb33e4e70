using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mesh.Service.Egress;

/// <summary>Finds the user of this machine at the other end of a connection. Linux only.</summary>
internal static class SocketUser
{
    // <sys/socket.h>: struct ucred is pid, uid and gid, 32 bits each.
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;
    private const string NoSocket = "0";

    /// <summary>Gets the user that we run as.</summary>
    public static uint Own { get; } = GetEffectiveUserId();

    /// <summary>Finds the user of the other end.</summary>
    /// <returns><see langword="null"/> if unknown: treat it as another user.</returns>
    public static uint? Find(Socket socket) => (socket.RemoteEndPoint, socket.LocalEndPoint) switch
    {
        (IPEndPoint client, IPEndPoint server) => FindIn(File.ReadLines("/proc/net/tcp").Concat(ReadIfThere("/proc/net/tcp6")), client, server),
        (UnixDomainSocketEndPoint, _) => FindCredentials(socket),
        _ => null,
    };

    /// <summary>Finds the user of a client's socket among the rows of <c>/proc/net/tcp</c> and <c>tcp6</c>, by both ends of the connection.</summary>
    public static uint? FindIn(IEnumerable<string> rows, IPEndPoint client, IPEndPoint server)
    {
        // A client may connect to an IPv4 address with an IPv6 socket.
        var pairs = new[] { (Write(client), Write(server)), (Write(Mapped(client)), Write(Mapped(server))) };
        foreach (var row in rows)
        {
            // sl local remote state queues timer retransmits uid timeout inode …; a socket that its process has closed has no inode, and always the uid 0.
            if (row.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, var remote, _, _, _, _, var uid, _, not NoSocket, ..] && pairs.Contains((local, remote)))
                return uint.Parse(uid, CultureInfo.InvariantCulture);
        }

        return null;
    }

    private static uint? FindCredentials(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        return socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) == credentials.Length ? MemoryMarshal.Read<uint>(credentials[4..]) : null;
    }

    private static IEnumerable<string> ReadIfThere(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    private static IPEndPoint Mapped(IPEndPoint end) => new(end.Address.MapToIPv6(), end.Port);

    // The kernel's format: each 32 bits of the address as a number in native byte order.
    private static string Write(IPEndPoint end)
    {
        var address = MemoryMarshal.Cast<byte, uint>(end.Address.GetAddressBytes()).ToArray();
        return $"{string.Concat(address.Select(static part => part.ToString("X8", CultureInfo.InvariantCulture)))}:{end.Port:X4}";
    }

    [DllImport("libc", EntryPoint = "geteuid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetEffectiveUserId();
}
