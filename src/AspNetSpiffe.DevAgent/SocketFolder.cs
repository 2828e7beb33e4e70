using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace AspNetSpiffe;

/// <summary>The directory of the sockets: created if it does not exist, cleaned of stale sockets, and removed at the end if it was created here.</summary>
internal sealed class SocketFolder
{
    private const string NotOnWindows = "The development agent guards its sockets with file modes, which Windows does not have; run it on Linux, macOS or in WSL.";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A socket's path has at most 108 bytes on Linux and 104 elsewhere, including the terminating zero.
    private static readonly int MaxPathBytes = OperatingSystem.IsLinux() ? 107 : 103;

    private readonly string _path;
    private readonly string[] _workloads;
    private bool _made;

    public SocketFolder(DevAgentOptions options)
    {
        _path = Path.GetFullPath(options.Directory ?? FreshPath());
        _workloads = [.. options.Workloads.Keys];
    }

    public static string FreshPath() => Path.Combine(Path.GetTempPath(), $"aspnet-spiffe-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");

    public string PathOf(string workload) => Path.Combine(_path, workload + ".sock");

    /// <summary>Creates the directory and removes stale sockets.</summary>
    /// <exception cref="IOException">A process listens on one of the sockets, or its path is too long or occupied by another file.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException(NotOnWindows);
        foreach (var workload in _workloads) ThrowIfTooLong(PathOf(workload));

        _made = SafeFolder.Make(_path);
        foreach (var workload in _workloads) await RemoveStaleAsync(PathOf(workload), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Binds a socket that only this user may connect to: its mode is set before it listens.</summary>
    public static Socket Bind(UnixDomainSocketEndPoint endPoint)
    {
        if (OperatingSystem.IsWindows()) throw new PlatformNotSupportedException(NotOnWindows);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            File.SetUnixFileMode(endPoint.ToString(), OwnerOnly);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Remove()
    {
        if (!Directory.Exists(_path) || OperatingSystem.IsWindows()) return;
        foreach (var path in _workloads.Select(PathOf))
            if (UnixFile.Find(path) is { Kind: UnixFileKind.Socket })
                File.Delete(path);

        RemoveIfMade();
    }

    public void RemoveIfMade()
    {
        // Only if it contains no files of others.
        if (_made && Directory.Exists(_path) && !Directory.EnumerateFileSystemEntries(_path).Any()) Directory.Delete(_path);
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task RemoveStaleAsync(string path, CancellationToken cancellationToken)
    {
        if (UnixFile.Find(path) is not { } found) return;
        if (found.Kind != UnixFileKind.Socket)
            throw new IOException($"'{path}' is {found.Describe()}, not a socket; remove it, or choose another directory.");
        if (!found.IsOurs)
            throw new IOException($"The socket '{path}' belongs to user {found.UserId}, but this process runs as user {UnixFile.OurUserId}; remove it, or choose another directory.");

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException failed)
        {
            throw new IOException($"The socket '{path}' cannot be checked ({failed.Message}); remove it, or choose another directory.", failed);
        }

        throw new IOException($"Another process already listens on the socket '{path}'; stop it, or choose another directory.");
    }

    private static void ThrowIfTooLong(string path)
    {
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > MaxPathBytes)
            throw new IOException($"The path of the socket '{path}' has {length} bytes; the limit of Unix sockets is {MaxPathBytes}. Choose a directory with a shorter path, for example below '/tmp'.");
    }
}
