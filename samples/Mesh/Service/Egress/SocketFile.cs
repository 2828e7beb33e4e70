using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Mesh.Service.Egress;

/// <summary>A Unix socket of mode 0600 in a folder of mode 0700.</summary>
internal static class SocketFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int NoSuchDevice = 6;

    /// <summary>Prepares the path of a socket.</summary>
    /// <exception cref="IOException">Other users have access to its folder, or a file already exists at the path.</exception>
    public static void Prepare(string path)
    {
        PrivateFolder.Make(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (!File.Exists(path)) return;
        if (!IsStale(path)) throw new IOException($"'{path}' is in use, or no socket. Stop who listens there, or name another path.");
        File.Delete(path);
    }

    /// <summary>Binds as Kestrel does; for a Unix socket, its mode is set before it listens.</summary>
    public static Socket Bind(EndPoint address)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(address);
        if (address is UnixDomainSocketEndPoint) File.SetUnixFileMode(address.ToString()!, OwnerOnly);
        return socket;
    }

    // A socket that a killed process left behind.
    private static bool IsStale(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return false;
        }
        catch (IOException e) when (e.HResult == NoSuchDevice)
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(path));
                return false;
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return true;
            }
        }
    }
}
