using System.Net;
using System.Net.Sockets;
using Xunit.Sdk;

namespace AspNetSpiffe.DataTests;

/// <summary>A port for a server that cannot read back which one it got.</summary>
internal static class FreePort
{
    private const int Attempts = 10;

    /// <summary>Starts a server on a port that was free a moment ago, and on another one where somebody else was faster.</summary>
    /// <param name="start">Starts it on a port, and throws what the server said where it did not start.</param>
    public static async Task<T> StartAsync<T>(Func<int, Task<T>> start)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await start(Find());
            }
            catch (XunitException e) when (attempt < Attempts && e.Message.Contains("in use", StringComparison.Ordinal))
            {
            }
        }
    }

    private static int Find()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
