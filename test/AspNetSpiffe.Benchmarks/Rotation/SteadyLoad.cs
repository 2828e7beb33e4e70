using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The same load all the time, in a process of its own: <c>steady-load PORT PEERS</c>. Requests on kept connections, and new connections beside them.</summary>
/// <remarks>Says <c>running</c> when it has begun. A line of the standard input ends it; then it gives requests, failed requests, handshakes, failed handshakes.</remarks>
internal sealed class SteadyLoad(int port, Peer peer)
{
    private const int KeptConnections = 4;
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(10), BetweenHandshakes = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _stopping = new();
    private readonly Count _requests = new(), _handshakes = new();

    public static int Run(int port, string file)
    {
        var load = new SteadyLoad(port, Peer.ReadFile(file)[0]);
        Thread[] threads = [.. Enumerable.Range(0, KeptConnections).Select(_ => new Thread(load.Ask)), new(load.Connect)];
        foreach (var thread in threads) thread.Start();
        Console.WriteLine("running");

        Console.In.ReadLine();
        load._stopping.Set();
        foreach (var thread in threads) thread.Join();
        Console.WriteLine($"{load._requests}\t{load._handshakes}");
        return 0;
    }

    private void Ask()
    {
        TlsConnection? connection = null;
        Repeat(BetweenRequests, _requests, () => (connection ??= new(port, peer, [])).Get(), failed: () =>
        {
            connection?.Dispose();
            connection = null;
        });
        connection?.Dispose();
    }

    private void Connect() => Repeat(BetweenHandshakes, _handshakes, () =>
    {
        using var connection = new TlsConnection(port, peer, []);
        return connection.Get();
    }, failed: () => { });

    /// <summary>Acts at each tick, or as soon as the last act has ended.</summary>
    private void Repeat(TimeSpan every, Count count, Func<bool> act, Action failed)
    {
        var begin = Stopwatch.GetTimestamp();
        for (var tick = 1; !_stopping.IsSet; tick++)
        {
            var good = Try(act);
            count.Add(good);
            if (!good) failed();
            if ((tick * every) - Stopwatch.GetElapsedTime(begin) is var wait && wait > TimeSpan.Zero) _stopping.Wait(wait);
        }
    }

    private static bool Try(Func<bool> act)
    {
        try
        {
            return act();
        }
        catch (Exception e) when (e is AuthenticationException or SocketException)
        {
            return false;
        }
    }

    private sealed class Count
    {
        private int _all, _failed;

        public void Add(bool good)
        {
            Interlocked.Increment(ref _all);
            if (!good) Interlocked.Increment(ref _failed);
        }

        public override string ToString() => $"{_all}\t{_failed}";
    }
}
