using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The clients, in a process of their own: a line of the standard input is an order, a line of the standard output what came of it.</summary>
internal static class Generator
{
    private const int Threads = 4;

    private static readonly Dictionary<string, Peers> Files = [];

    public static int Run()
    {
        while (Console.In.ReadLine() is { } line)
        {
            var order = line.Split('\t');
            var port = int.Parse(order[1], CultureInfo.InvariantCulture);
            if (!Files.TryGetValue(order[2], out var peers)) Files[order[2]] = peers = new(Peer.ReadFile(order[2]));
            var count = int.Parse(order[3], CultureInfo.InvariantCulture);
            var (begin, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var failed = order[0] switch
            {
                Contender.Handshakes => Share(count, share => Handshakes(port, peers, share, order[4], resume: false)),
                Contender.Resumed => Share(count, share => Handshakes(port, peers, share, order[4], resume: true)),
                Contender.Http1 => Share(count, share => new Http1Load(port, peers.Next(), order[4]).Run(share)),
                _ => Share(count, share => new Http2Load(port, peers.Next(), order[4]).Run(share)),
            };
            var (seconds, busy) = (Stopwatch.GetElapsedTime(begin).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{failed}\t{seconds:R}\t{busy:R}"));
        }

        return 0;
    }

    /// <summary>Gives each thread its share, and adds up what failed.</summary>
    private static int Share(int count, Func<int, int> run)
    {
        var failed = 0;
        var threads = Enumerable.Range(0, Threads).Select(_ => new Thread(() => Interlocked.Add(ref failed, run(count / Threads)))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return failed;
    }

    // With a request, because in TLS 1.3 a client does not learn from the handshake whether it was accepted.
    private static int Handshakes(int port, Peers peers, int count, string path, bool resume)
    {
        using var session = resume ? TlsSession.Of(port, peers.Next()) : null;
        var (failed, request) = (0, Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        Span<byte> answer = stackalloc byte[1024];
        for (var i = 0; i < count; i++)
        {
            try
            {
                using var connection = new TlsConnection(port, peers.Next(), [], session);
                connection.Write(request);
                if (!answer[..connection.Read(answer)].StartsWith("HTTP/1.1 200"u8)) failed++;
                else if (session is not null && !session.Take(connection)) failed++;
            }
            catch (Exception e) when (e is AuthenticationException or SocketException)
            {
                failed++;
            }
        }

        return failed;
    }

    private sealed class Peers(Peer[] peers)
    {
        private int _next = -1;

        public Peer Next() => peers[(int)((uint)Interlocked.Increment(ref _next) % peers.Length)];
    }
}
