using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A server gets one new SVID after the other, while it serves.</summary>
internal static class RotationRun
{
    /// <summary>Rotations after which memory is to stay as it is.</summary>
    public const int Settled = 500;

    // Code that is compiled a second time takes memory for many minutes; what is left then is what we keep.
    private const string NoTiers = "DOTNET_TieredCompilation=0";

    public static async Task<int> RunAsync(int count, int perSecond, string? report, string? plots)
    {
        var seconds = (count - Settled) / perSecond;
        if (seconds < 2 * RotationReport.Window)
            throw new InvalidOperationException($"Too few: {2 * RotationReport.Window} seconds are compared after the first {Settled} rotations, and there are {seconds}.");

        var begin = TimeProvider.System.GetUtcNow();
        using var material = new Material();
        await using var ours = await SpiffeServer.StartAsync(material, NoTiers);
        var peers = material.IssuePeers("steady", 1, intermediate: false);
        using var load = Pinned.StartOwn(core: 0, "steady-load", ours.Server.Port.ToString(CultureInfo.InvariantCulture), peers);
        if (load.ReadLine() != "running") throw new InvalidOperationException("The load has not begun.");

        var samples = await RotateAsync(ours, material, count, perSecond);
        var outcome = Outcome.Parse(load.Ask("stop"));
        await new RotationReport(samples, outcome).WriteAsync(begin, report, plots);
        return outcome is { Failed: 0, Requests: > 0, Handshakes: > 0 } ? 0 : 1;
    }

    /// <summary>Rotates, one after the other; gives the server's memory of each second.</summary>
    private static async Task<List<MemorySample>> RotateAsync(SpiffeServer ours, Material material, int count, int perSecond)
    {
        List<MemorySample> samples = [];
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        var begin = Stopwatch.GetTimestamp();
        for (var i = 1; i <= count; i++)
        {
            ours.Send(material.Renewed());
            if (Stopwatch.GetElapsedTime(begin) is var at && at.TotalSeconds >= samples.Count) samples.Add(new(at, i, ours.Server.Process.ResidentBytes));
            await timer.WaitForNextTickAsync();
        }

        samples.Add(new(Stopwatch.GetElapsedTime(begin), count, ours.Server.Process.ResidentBytes));
        return samples;
    }

    /// <summary>What became of the load.</summary>
    internal sealed record Outcome(int Requests, int FailedRequests, int Handshakes, int FailedHandshakes)
    {
        public int Failed => FailedRequests + FailedHandshakes;

        public static Outcome Parse(string text)
        {
            int[] numbers = [.. text.Split('\t').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
            return new(numbers[0], numbers[1], numbers[2], numbers[3]);
        }
    }
}
