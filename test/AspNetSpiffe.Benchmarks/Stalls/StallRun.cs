using System.Diagnostics;
using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The worst handshakes of many minutes, of this library's server and of the baseline at the same time.</summary>
internal static class StallRun
{
    /// <summary>The milliseconds from which on a handshake is worth a word.</summary>
    public const double Stall = 10;

    private const int PerSecond = 50;
    private const int WarmUpHandshakes = 1000;
    private const string Ours = "AspNetSpiffe", Baseline = "Kestrel, CertificateChainPolicy";

    public static async Task<int> RunAsync(int minutes, bool systemAuthorities, string? report, string? plots)
    {
        var begin = TimeProvider.System.GetUtcNow();
        using var material = new Material();
        string[] environment = systemAuthorities ? [] : NoSystemAuthorities(material);
        await using var ours = await SpiffeServer.StartAsync(material, environment);
        using var baseline = Server.Kestrel(KestrelServer.ChainPolicy, material, "", environment);
        var peers = material.IssuePeers("stalls", 1, intermediate: false);
        Contender[] contenders = [new(Ours, ours.Server, peers), new(Baseline, baseline, peers)];

        var (warmUp, first) = Prepare(contenders);
        var (pauses, start, handshakes) = Measure(contenders, peers, minutes);
        var results = contenders.Select((c, i) => new StallResult(c.Name, start - first[i], [.. handshakes.Where(h => h.Server == i)])).ToArray();

        var authorities = systemAuthorities ? "with the system's CAs" : "without the system's CAs";
        await new StallReport(results, pauses).WriteAsync($"{minutes} minutes at {PerSecond} handshakes a second with each server, {authorities}, and {warmUp.Describe()},", begin, report);
        if (plots is not null) await StallPlot.WriteAsync(results, PerSecond, authorities, plots);
        return handshakes.All(h => h.Good) ? 0 : 1;
    }

    // Both, because the system has a folder and a file.
    private static string[] NoSystemAuthorities(Material material)
    {
        var folder = Directory.CreateDirectory(material.FileOf("no-authorities")).FullName;
        return [$"SSL_CERT_DIR={folder}", $"SSL_CERT_FILE={Path.Combine(folder, "none.pem")}"];
    }

    /// <summary>Warms the servers up; gives when each saw its first handshake, for the platform counts from there when to read the system's CAs again.</summary>
    private static (WarmUp WarmUp, TimeSpan[] First) Prepare(Contender[] contenders)
    {
        using var generator = Pinned.StartOwn(core: 0, "generate");
        var first = new TimeSpan[contenders.Length];
        var warmUp = WarmUp.Run(contenders.Select(c => c.Server), () =>
        {
            for (var i = 0; i < contenders.Length; i++)
            {
                if (first[i] == default) first[i] = Stopwatch.GetElapsedTime(0);
                generator.Ask(contenders[i].Order(WarmUpHandshakes));
            }
        });
        return (warmUp, first);
    }

    private static (double Pauses, TimeSpan Start, Timed[] Handshakes) Measure(Contender[] contenders, string peers, int minutes)
    {
        var seconds = minutes * 60;
        var ports = contenders.Select(c => Text(c.Server.Port));
        using var load = Pinned.StartOwn(core: 0, ["open-loop", peers, Text(PerSecond), Text(seconds), .. ports]);
        var start = Stopwatch.GetElapsedTime(0);
        var pauses = double.Parse(load.ReadLine(), CultureInfo.InvariantCulture);
        return (pauses, start, [.. Enumerable.Range(0, contenders.Length * PerSecond * seconds).Select(_ => Timed.Parse(load.ReadLine()))]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
