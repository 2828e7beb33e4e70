using System.Globalization;
using AspNetSpiffe.TestKit;

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
        Curve failed = new("failed or refused requests", "refused", "0"), spread = new("from the first to the last closed", "seconds"), fullest = new("closed in the fullest second", "connections a second"),
            average = new("closed on average", "connections a second"), cpu = new("processor time of the server meanwhile, its new handshakes among it", "ms of CPU");

        // The small ones together, in the time of one.
        var few = counts.Where(count => count < 10_000).Select(MeasureAsync).ToArray();
        await Task.WhenAll(few);
        foreach (var count in counts) Add(count, count < 10_000 ? await few[Array.IndexOf(counts, count)] : await MeasureAsync(count));
        return new("Connections of so many peers whose SVIDs expire at the same moment", "peers", [failed, spread, fullest, average, cpu], counts.Any(count => failed.At(count) > 0));

        void Add(int count, Outcome outcome)
        {
            failed.Add(count, outcome.Failed);
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
        var outcome = new Outcome((int)told[0], (int)told[1], told[2], told[3], (ours.Server.Process.Cpu - cpu).TotalMilliseconds);
        return outcome.Closed == count ? outcome : throw new InvalidOperationException($"Only {outcome.Closed} of {count} connections were closed.");
    }

    /// <param name="Failed">Requests that were answered otherwise than with 200, or not at all.</param>
    /// <param name="Closed">Connections that the server has had closed.</param>
    /// <param name="Spread">Seconds from the first to the last of them.</param>
    /// <param name="Fullest">How many in the fullest second.</param>
    /// <param name="Cpu">Of the server, in milliseconds.</param>
    private sealed record Outcome(int Failed, int Closed, double Spread, double Fullest, double Cpu);
}
