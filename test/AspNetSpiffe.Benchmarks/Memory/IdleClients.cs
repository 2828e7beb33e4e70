using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Clients that connect, ask once and then say nothing, in a process of their own: <c>idle-clients PORT PEERS</c>. Each has a leaf of its own.</summary>
/// <remarks>
/// A number on the standard input: that many are to be open; the answer says how many are. <c>end</c>: waits until the server has closed all, and gives the
/// moment, or 0.
/// </remarks>
internal sealed class IdleClients(int port, Peer[] peers)
{
    private static readonly ParallelOptions Four = new() { MaxDegreeOfParallelism = 4 };
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TlsConnection?[] _open = new TlsConnection?[peers.Length];
    private int _count;

    public static int Run(int port, string file)
    {
        var clients = new IdleClients(port, Peer.ReadFile(file));
        while (Console.In.ReadLine() is { } order)
            Console.WriteLine(order == "end" ? clients.WaitForEnd() : clients.Open(int.Parse(order, CultureInfo.InvariantCulture)));
        return 0;
    }

    /// <summary>Opens more, and gives how many are open then: asked once, answered, and not closed.</summary>
    private int Open(int count)
    {
        Parallel.For(_count, count, Four, i =>
        {
            var connection = new TlsConnection(port, peers[i], []);
            if (connection.Get()) _open[i] = connection;
        });
        _count = count;
        return _open.Count(c => c is { IsIdle: true });
    }

    private long WaitForEnd()
    {
        var ended = _open[.._count].All(c => c!.WaitForEnd(Patience));
        return ended ? Stopwatch.GetTimestamp() : 0;
    }
}
