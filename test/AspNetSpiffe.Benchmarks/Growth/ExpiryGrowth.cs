using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Connections of as many peers whose SVIDs expire at the same moment, and who have renewed them in time: how the server has them closed.</summary>
internal static class ExpiryGrowth
{
    private const int RenewedPeers = 100;

    // Handshakes that a busy machine can do in a second, and the time that a connection needs to be asked as early as others: three times CloseBeforeExpiry.
    private const int HandshakesPerSecond = 300;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(36), CloseBeforeExpiry = TimeSpan.FromSeconds(30);

    public static async Task<GrowthPart> RunAsync(int[] counts)
    {
        IdleRun.RequireOpenFiles(counts[^1]);
        Curve refused = new("refused requests and handshakes", "connections", "0"),
            foundClosed = new("found closed when they asked again", "connections"),
            open = new("still open when the SVIDs had expired", "connections", "0"),
            spread = new("from the first to the last closed", "seconds"),
            fullest = new("closed in the fullest second", "connections a second"),
            average = new("closed on average", "connections a second"),
            cpu = new("processor time of the server meanwhile, its new handshakes among it", "ms of CPU");

        // The small ones together, in the time of one.
        var few = counts.Where(count => count < 10_000).Select(MeasureAsync).ToArray();
        await Task.WhenAll(few);
        foreach (var count in counts) Add(count, count < 10_000 ? await few[Array.IndexOf(counts, count)] : await MeasureAsync(count));
        return new("Connections of so many peers whose SVIDs expire at the same moment", "peers", [refused, foundClosed, open, spread, fullest, average, cpu], counts.Any(count => refused.At(count) + open.At(count) > 0));

        void Add(int count, Outcome outcome)
        {
            refused.Add(count, outcome.Refused);
            foundClosed.Add(count, outcome.FoundClosed);
            open.Add(count, count - outcome.Closed);
            spread.Add(count, outcome.Spread);
            fullest.Add(count, outcome.Fullest);
            average.Add(count, outcome.Closed / Math.Max(1, outcome.Spread));
            cpu.Add(count, outcome.Cpu);
        }
    }

    private static Task<Outcome> MeasureAsync(int count) => Task.Factory.StartNew(() => Measure(count), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    private static async Task<Outcome> Measure(int count)
    {
        using var material = new Material();
        await using var ours = await SpiffeServer.StartAsync(material);
        var lifetime = TimeSpan.FromSeconds(count / HandshakesPerSecond) + (count < 10_000 ? Least : 3 * CloseBeforeExpiry);
        var renewed = material.IssuePeers("renewed", RenewedPeers, intermediate: false);
        var notAfter = TimeProvider.System.GetUtcNow() + lifetime + TimeSpan.FromMilliseconds(count);
        var peers = material.IssuePeers("expiring", count, notAfter);
        var left = notAfter - TimeProvider.System.GetUtcNow();
        using var clients = Pinned.StartOwn(
            core: 0, "expiry-clients", ours.Server.Port.ToString(CultureInfo.InvariantCulture), peers, renewed, ((int)left.TotalSeconds + 3).ToString(CultureInfo.InvariantCulture));
        if (clients.ReadLine() != count.ToString(CultureInfo.InvariantCulture)) throw new InvalidOperationException("Not all connections are open.");

        var cpu = ours.Server.Process.Cpu;
        double[] told = [.. clients.ReadLine().Split('\t').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
        return new((int)told[0], (int)told[1], (int)told[2], told[3], told[4], (ours.Server.Process.Cpu - cpu).TotalMilliseconds);
    }

    /// <param name="Refused">Requests that were answered otherwise than with 200, and handshakes that failed.</param>
    /// <param name="FoundClosed">Connections that had been closed between two requests: their clients ask too seldom.</param>
    /// <param name="Closed">Connections that the server has had closed.</param>
    /// <param name="Spread">Seconds from the first to the last of them.</param>
    /// <param name="Fullest">How many in the fullest second.</param>
    /// <param name="Cpu">Of the server, in milliseconds.</param>
    private sealed record Outcome(int Refused, int FoundClosed, int Closed, double Spread, double Fullest, double Cpu);
}
