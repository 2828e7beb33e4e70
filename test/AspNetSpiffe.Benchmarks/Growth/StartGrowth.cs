using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>From the start of a process to its first SVID, with many federated bundles beside it.</summary>
internal static class StartGrowth
{
    public static async Task<GrowthPart> RunAsync(int[] counts, int rounds)
    {
        var (cpu, own, time) = (new Curve("from its start to its first SVID", "ms of CPU"), new Curve("of that, from `X509Source.StartAsync` on", "ms of CPU"), new Curve("time", "ms"));
        using var material = new GrowthMaterial();
        foreach (var count in counts)
        {
            await using var agent = await FakeAgent.StartAsync();
            var identity = material.Identity(count);
            agent.OnEachCall = a => a.Send(identity);
            for (var round = 0; round < rounds; round++)
            {
                var start = StartRun.Measure(agent.Address);
                cpu.Add(count, start.Cpu);
                own.Add(count, start.OwnCpu);
                time.Add(count, start.Milliseconds);
            }
        }

        return new("The start of a process", "bundles", [cpu, own, time]);
    }
}
