using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A socket that listens already, for a child process: its queue holds whoever comes before the child is ready.</summary>
internal sealed partial class InheritedListener : IDisposable
{
    private readonly SafeFileHandle _copy;

    public InheritedListener()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4096);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        // Children get no sockets of .NET, but they get copies.
        Number = dup((int)listener.Handle);
        _copy = new(Number, ownsHandle: true);
    }

    public int Port { get; }

    /// <summary>Gets its file descriptor, also in the child.</summary>
    public int Number { get; }

    public void Dispose() => _copy.Dispose();

    [LibraryImport("libc")]
    private static partial int dup(int file);
}
