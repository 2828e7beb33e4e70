using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Clients that keep their connections past the renewal of their SVIDs until the server asks them to close, in a process of their own: <c>expiry-clients PORT PEERS RENEWED SECONDS</c>.</summary>
/// <remarks>
/// Each asks once every few seconds and comes back with a renewed SVID when it is told to, or finds its connection closed. It prints how many are open; in the end how many
/// requests and handshakes were refused, how many connections were found closed, how many were closed in all, the seconds of that, and how many in the fullest of these.
/// </remarks>
internal sealed class ExpiryClients(int port, Peer[] peers, Peer[] renewed)
{
    private const int Threads = 4;

    // A busy caller, whose next answer tells it to close: well within the time that the server gives it.
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(4);

    private readonly List<long> _closed = [];
    private int _refused;
    private int _foundClosed;

    public static int Run(int port, string peers, string renewed, int seconds)
    {
        var end = Stopwatch.GetTimestamp() + (seconds * Stopwatch.Frequency);
        var clients = new ExpiryClients(port, Peer.ReadFile(peers), Peer.ReadFile(renewed));
        var connections = new Connection[clients.Count];
        Share(share => clients.Open(connections, share));
        Console.WriteLine(connections.Length);
        Share(share => clients.Ask(connections, share, end));
        Console.WriteLine(clients.Describe());
        return 0;
    }

    private int Count => peers.Length;

    private static void Share(Action<int> run)
    {
        var threads = Enumerable.Range(0, Threads).Select(share => new Thread(() => run(share))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
    }

    private void Open(Connection[] connections, int share)
    {
        for (var i = share; i < connections.Length; i += Threads) connections[i] = new(Connect(peers[i]), IsFirst: true);
    }

    // One after the other, and all once in so many seconds.
    private void Ask(Connection[] connections, int share, long end)
    {
        var pause = Between / Math.Max(1, connections.Length / Threads);
        while (Stopwatch.GetTimestamp() < end)
        {
            var begin = Stopwatch.GetTimestamp();
            for (var i = share; i < connections.Length; i += Threads)
            {
                connections[i] = Next(connections[i], i);
                var early = (pause * ((i / Threads) + 1)) - Stopwatch.GetElapsedTime(begin);
                if (early > TimeSpan.Zero) Thread.Sleep(early);
            }
        }
    }

    private Connection Next(Connection connection, int i)
    {
        if (connection.Tls is { } tls)
        {
            var answer = Get(tls);
            if (answer == Answer.Good) return connection;
            if (answer == Answer.Refused) Interlocked.Increment(ref _refused);
            if (answer == Answer.None) Interlocked.Increment(ref _foundClosed);
            if (connection.IsFirst)
                lock (_closed)
                    _closed.Add(Stopwatch.GetTimestamp());
            tls.Dispose();
        }

        return new(Connect(renewed[i % renewed.Length]), IsFirst: false);
    }

    private TlsConnection? Connect(Peer peer)
    {
        try
        {
            var tls = new TlsConnection(port, peer, []);
            if (Get(tls) == Answer.Good) return tls;
            tls.Dispose();
        }
        catch (Exception e) when (e is AuthenticationException or SocketException)
        {
            // Counted below; it is tried again in its turn.
        }

        Interlocked.Increment(ref _refused);
        return null;
    }

    private static Answer Get(TlsConnection tls)
    {
        Span<byte> answer = stackalloc byte[1024];
        try
        {
            tls.Write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            answer = answer[..tls.Read(answer)];
        }
        catch (Exception e) when (e is AuthenticationException or SocketException)
        {
            return Answer.None;
        }

        if (!answer.StartsWith("HTTP/1.1 200"u8)) return Answer.Refused;
        return answer.IndexOf("Connection: close"u8) < 0 ? Answer.Good : Answer.Last;
    }

    private string Describe()
    {
        var from = _closed.Count == 0 ? 0 : _closed.Min();
        var seconds = _closed.CountBy(at => (at - from) / Stopwatch.Frequency).Select(second => second.Value).ToArray();
        return string.Create(CultureInfo.InvariantCulture, $"{_refused}\t{_foundClosed}\t{_closed.Count}\t{(_closed.Count == 0 ? 0 : Stopwatch.GetElapsedTime(from, _closed.Max()).TotalSeconds):R}\t{seconds.DefaultIfEmpty().Max()}");
    }

    private enum Answer
    {
        Good,
        Last,
        Refused,
        None,
    }

    private sealed record Connection(TlsConnection? Tls, bool IsFirst);
}
