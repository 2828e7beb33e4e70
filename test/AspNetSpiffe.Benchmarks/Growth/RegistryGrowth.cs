using System.Diagnostics;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a server does for its open connections beside serving them: to close those whose SVIDs expire in the same minute, and to look at all.</summary>
/// <remarks>Connections without sockets, on a clock that is moved: nothing but the registry is measured.</remarks>
internal static class RegistryGrowth
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5), ProbeTime = TimeSpan.FromSeconds(2);

    public static async Task<GrowthPart> RunAsync(int[] counts)
    {
        var (closing, look) = (new Curve("to close all within their last minute", "ms of CPU"), new Curve("to look at all, as after a change of the bundles", "ms of CPU"));
        Curve[] looking = Waits("while others are looked at again and again"), quiet = Waits("while nothing else happens");
        var pki = new TestPki("example.org");
        var identity = new TestIdentity(pki.Leaf("/server"), pki.Root.Certificate);

        // Three times with the fewest: code is compiled in the first, of which the median takes no notice.
        foreach (var count in counts.Prepend(counts[0]).Prepend(counts[0]))
        {
            var time = new ManualTime();
            await using var host = await GrowthHost.StartAsync(identity, time);
            var registry = host.App.Services.GetRequiredService<PeerConnectionRegistry>();
            var peer = Verify(host.App.Services, pki.Leaf(leaf => leaf with { Uris = ["spiffe://example.org/peer"], NotAfter = time.GetUtcNow() + Lifetime }));
            for (var i = 0; i < count; i++) Open(registry, peer);

            for (var i = 0; i < 20; i++) look.Add(count, Cost.Of(registry.Check));
            Add(quiet, count, await ProbeAsync(registry, peer, busy: null));
            Add(looking, count, await ProbeAsync(registry, peer, registry.Check));
            closing.Add(count, Cost.Of(() => time.Advance(Lifetime)));
            if (registry.Verified.Any(one => !one.Connection.IsAsked)) throw new InvalidOperationException("A connection was not asked to close.");
        }

        return new("Connections that expire in the same minute", "connections", [closing, look, .. quiet, .. looking]);

        static Curve[] Waits(string when) => [new($"to register a new one {when}, 99.9 %", "µs", "≤ 1,000 µs"), new($"to register a new one {when}, the longest", "µs")];
    }

    private static void Add(Curve[] waits, int count, double[] sorted)
    {
        waits[0].Add(count, sorted[(int)(sorted.Length * 0.999)]);
        waits[1].Add(count, sorted[^1]);
    }

    /// <summary>Opens and closes connections, one after the other, and gives how long it took to register each of them, in microseconds and sorted.</summary>
    private static async Task<double[]> ProbeAsync(PeerConnectionRegistry registry, SpiffePeer peer, Action? busy)
    {
        using var stopping = new CancellationTokenSource(ProbeTime);
        var working = busy is null ? Task.CompletedTask : Task.Factory.StartNew(() =>
        {
            while (!stopping.IsCancellationRequested) busy();
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        List<double> waits = [];
        while (!stopping.IsCancellationRequested)
        {
            var begin = Stopwatch.GetTimestamp();
            using var closed = Open(registry, peer);
            waits.Add(Stopwatch.GetElapsedTime(begin).TotalMicroseconds);
            await closed.CancelAsync();
        }

        await working;
        return [.. waits.Order()];
    }

    private static CancellationTokenSource Open(PeerConnectionRegistry registry, SpiffePeer peer)
    {
        var closed = new CancellationTokenSource();
        registry.Add(new DefaultConnectionContext { ConnectionClosed = closed.Token }).Accept(peer);
        return closed;
    }

    private static SpiffePeer Verify(IServiceProvider services, TestSvid svid)
    {
        var result = services.GetRequiredService<X509Source>().Verify(svid.Leaf, [], PeerRole.Client);
        return result.Accepted ? result.Peer : throw new InvalidOperationException($"A good peer is refused: {result.Reason}.");
    }
}
