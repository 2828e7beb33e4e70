using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>How long it takes from a new SVID to the first handshake that presents it, on a server that is not busy.</summary>
internal static class LatencyRun
{
    private const int WarmUp = 50;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);

    public static async Task<int> RunAsync(int count, string? report)
    {
        var begin = TimeProvider.System.GetUtcNow();
        using var material = new Material();
        await using var ours = await SpiffeServer.StartAsync(material);
        var peer = Peer.ReadFile(material.IssuePeers("latency", 1, intermediate: false))[0];
        var measured = new List<Latency>();
        using var timer = new PeriodicTimer(Between);
        for (var i = 0; i < WarmUp + count; i++)
        {
            measured.Add(Measure(ours, material, peer));
            await timer.WaitForNextTickAsync();
        }

        await WriteAsync(begin, measured, report);
        return 0;
    }

    private static Latency Measure(SpiffeServer ours, Material material, Peer peer)
    {
        var next = material.Renewed();
        var cpu = ours.Server.Process.Cpu;
        var update = ours.Send(next);
        cpu = ours.Server.Process.Cpu - cpu;
        var begin = Stopwatch.GetTimestamp();
        var first = Connect(ours.Server.Port, peer, next.Svid.Leaf.RawData);
        var end = Stopwatch.GetTimestamp();
        var second = Connect(ours.Server.Port, peer, next.Svid.Leaf.RawData);
        return new(
            Publish: Milliseconds(update.Sent, update.Published),
            Present: Milliseconds(update.Published, first),
            Whole: Milliseconds(update.Sent, first),
            FirstHandshake: Milliseconds(begin, first),
            SecondHandshake: Milliseconds(end, second),
            Cpu: cpu.TotalMilliseconds);
    }

    /// <summary>Connects, and gives the moment at which the handshake was done.</summary>
    private static long Connect(int port, Peer peer, byte[] leaf)
    {
        using var connection = new TlsConnection(port, peer, []);
        var done = Stopwatch.GetTimestamp();
        if (!connection.ServerLeaf.SequenceEqual(leaf)) throw new InvalidOperationException("A server that had published its new SVID presented an older one.");
        if (!connection.Get()) throw new InvalidOperationException("A request failed.");
        return done;
    }

    private static async Task WriteAsync(DateTimeOffset begin, List<Latency> measured, string? file)
    {
        var counted = measured[WarmUp..];
        var text = new Markdown();
        text.AddRun(begin, $"{counted.Count} rotations after {WarmUp} of warm-up");
        text.AddTable(["from a new SVID to the first handshake with it, ms", "p50", "p99", "longest"],
        [
            Row("from the agent before it writes the message to X509Source after it has published the SVID", l => l.Publish),
            Row("from there to the end of the first handshake that presents it, as the client sees it", l => l.Present),
            Row("both", l => l.Whole),
            Row("the server's processor time until the SVID is published, which a busy machine changes less", l => l.Cpu),
            Row("that handshake alone", l => l.FirstHandshake),
            Row("the handshake after it, for comparison", l => l.SecondHandshake),
        ]);
        text.AddParagraph(
            $"The server has no other connection, and an update every {Between.TotalMilliseconds} ms.",
            $"Its very first update, with code that was not compiled yet, took {measured[0].Whole:0.0} ms.");
        await text.WriteAsync(file);

        IEnumerable<string> Row(string title, Func<Latency, double> of)
        {
            var sorted = counted.Select(of).Order().ToArray();
            double[] cells = [sorted[sorted.Length / 2], sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1], sorted[^1]];
            return [title, .. cells.Select(c => c.ToString("0.00", CultureInfo.InvariantCulture))];
        }
    }

    private static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    private readonly record struct Latency(double Publish, double Present, double Whole, double FirstHandshake, double SecondHandshake, double Cpu);
}
