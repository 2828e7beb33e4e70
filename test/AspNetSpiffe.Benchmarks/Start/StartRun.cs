using System.Diagnostics;
using System.Globalization;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a process pays until it has its first SVID: a new one each time, which has compiled nothing yet.</summary>
internal static class StartRun
{
    private const int WarmUp = 2;

    public static async Task<int> RunAsync(int rounds, string? report)
    {
        var begin = TimeProvider.System.GetUtcNow();
        using var material = new Material();
        await using var agent = await FakeAgent.StartAsync();
        var identity = material.Identity(trustDomains: 1);
        agent.OnEachCall = a => a.Send(identity);
        var measured = Enumerable.Range(0, WarmUp + rounds).Select(_ => Measure(agent.Address)).Skip(WarmUp).ToArray();

        var text = new Markdown();
        text.AddRun(begin, $"{rounds} processes after {WarmUp} of warm-up");
        text.AddTable(["from the start of a process to its first SVID", "min / median / max"],
        [
            ["ms", Markdown.Spread(measured.Select(m => m.Milliseconds), "0")],
            ["processor time, ms", Markdown.Spread(measured.Select(m => m.Cpu), "0")],
            ["of that, from the call of X509Source.StartAsync on, ms", Markdown.Spread(measured.Select(m => m.OwnCpu), "0")],
            ["allocated, KB", Markdown.Spread(measured.Select(m => m.Bytes / 1000.0), "0")],
        ]);
        await text.WriteAsync(report);
        return 0;
    }

    /// <summary>The process itself.</summary>
    public static async Task<int> GetFirstSvidAsync(string agent)
    {
        var before = Environment.CpuUsage.TotalTime;
        await using var source = await X509Source.StartAsync(new() { EndpointSocket = agent });
        var after = Environment.CpuUsage.TotalTime;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{after.TotalMilliseconds} {(after - before).TotalMilliseconds} {GC.GetTotalAllocatedBytes(precise: true)}"));
        return 0;
    }

    public static Start Measure(string agent)
    {
        var begin = Stopwatch.GetTimestamp();
        using var process = Pinned.StartOwn(Environment.ProcessorCount - 1, "first-svid", agent);
        var told = process.ReadLine().Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new(Stopwatch.GetElapsedTime(begin).TotalMilliseconds, told[0], told[1], told[2]);
    }

    internal readonly record struct Start(double Milliseconds, double Cpu, double OwnCpu, double Bytes);
}
