using System.Globalization;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Servers on one core, clients on the other, and all contenders in each round one after the other.</summary>
internal sealed class LoadRun : IDisposable
{
    private const int Handshakes = 800;

    private readonly List<IDisposable> _running = [];
    private readonly Material _material = new();
    private readonly Pinned _generator = Pinned.StartOwn(core: 0, "generate");

    public static async Task<int> RunAsync(int rounds, string? report)
    {
        using var run = new LoadRun();
        var begin = TimeProvider.System.GetUtcNow();
        var cases = await run.PrepareAsync(rounds);
        foreach (var contender in cases.SelectMany(c => c.Contenders)) run.Measure(contender, Handshakes);

        var samples = cases.SelectMany(c => c.Contenders).ToDictionary(c => c, _ => new List<Sample>());
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var one in cases)
                foreach (var contender in one.Contenders)
                    samples[contender].Add(run.Measure(contender, one.Count));
            Console.Error.WriteLine($"round {round} of {rounds}");
        }

        var text = LoadReport.Write(cases, samples, rounds, begin);
        Console.WriteLine(text);
        if (report is not null) await File.WriteAllTextAsync(report, text);
        return 0;
    }

    public void Dispose()
    {
        foreach (var running in _running) running.Dispose();
        _generator.Dispose();
        _material.Dispose();
    }

    private async Task<Case[]> PrepareAsync(int rounds)
    {
        var known = _material.IssuePeers("known", 1, intermediate: false);
        var fresh = _material.IssuePeers("new", (rounds + 1) * Handshakes, intermediate: false);

        var ours = Keep(Server.Kestrel(KestrelServer.Spiffe, _material, await StartAgentAsync(trustDomains: 1)));
        var baseline = Keep(Server.Kestrel(KestrelServer.ChainPolicy, _material));
        var nginx = Keep(Server.Nginx(_material));
        return
        [
            new("Full handshakes, leaf from root", Handshakes,
            [
                new(LoadReport.Nginx, nginx, known),
                new(LoadReport.Baseline, baseline, known),
                new("AspNetSpiffe, known peer", ours, known),
                new("AspNetSpiffe, new peer", ours, fresh),
            ]),
        ];
    }

    private async Task<string> StartAgentAsync(int trustDomains)
    {
        var identity = _material.Identity(trustDomains);
        var agent = await FakeAgent.StartAsync();
        agent.OnEachCall = a => a.Send(identity);
        _running.Add(new Ending(agent));
        return agent.Address;
    }

    private Server Keep(Server server)
    {
        _running.Add(server);
        return server;
    }

    private Sample Measure(Contender contender, int count)
    {
        var server = contender.Server.Process;
        var before = server.Cpu;
        var answer = _generator.Ask(contender.Order(count)).Split('\t');
        var busy = server.Cpu - before;

        var (failed, seconds, generator) = (int.Parse(answer[0], CultureInfo.InvariantCulture), Number(answer[1]), Number(answer[2]));
        if (failed > 0) throw new InvalidOperationException($"{contender.Name}: {failed} of {count} failed.");
        return new(busy.TotalMicroseconds / count, null, busy.TotalSeconds / seconds, generator / seconds);

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    private sealed class Ending(IAsyncDisposable what) : IDisposable
    {
        public void Dispose() => what.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
