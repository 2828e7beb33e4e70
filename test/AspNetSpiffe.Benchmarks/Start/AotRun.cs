using System.Diagnostics;
using System.Globalization;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a service and its client cost until the first answer, and of memory: as they are built, trimmed, and as Native AOT.</summary>
internal static class AotRun
{
    private const int WarmUp = 1, Requests = 100;

    public static async Task<int> RunAsync(int rounds, string? report)
    {
        var folder = Directory.CreateTempSubdirectory("benchmark-aot-");
        try
        {
            Publication[] all =
            [
                new("as built, JIT", Repository.PathOf("artifacts", "bin", "AspNetSpiffe.AotApp", "release", "AspNetSpiffe.AotApp.dll"), "dotnet", "exec"),
                new("trimmed, JIT", await PublishedApp.PublishAsync(PublishedApp.Trimmed, folder.FullName, CancellationToken.None)),
                new("Native AOT", await PublishedApp.PublishAsync(PublishedApp.Aot, folder.FullName, CancellationToken.None)),
            ];
            await MeasureAsync(all, new("Native AOT", await PublishedApp.PublishAsync(PublishedApp.Least, folder.FullName, CancellationToken.None)), rounds, report);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(Publication[] all, Publication least, int rounds, string? report)
    {
        var begin = TimeProvider.System.GetUtcNow();
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions().AddWorkload("orders", "/orders").AddWorkload("cart", "/cart"));
        await using var floor = await AotFloor.StartAsync();
        for (var i = 0; i < WarmUp + rounds; i++)
        {
            foreach (var publication in all)
                if (Measure(publication, agent) is var pair && i >= WarmUp)
                    publication.Measured.Add(pair);
            if (i >= WarmUp) floor.Measure(least, Requests);
        }

        var text = new Markdown();
        text.AddRun(begin, $"{rounds} rounds after {WarmUp} of warm-up");
        text.AddTable(["", .. all.Select(p => p.Name)],
        [
            Row("its files, MB", p => (p.Bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture)),
            Spread("service: from its start until it listens with an SVID, ms", m => m.Service.Milliseconds),
            Spread("processor time until then, ms", m => m.Service.Cpu),
            Spread($"resident memory after {Requests} requests, MB", m => m.Service.Resident / 1e6),
            Spread("client: from its start to the first answer, ms", m => m.Client.Milliseconds),
            Spread("processor time until then, ms", m => m.Client.Cpu),
            Spread($"resident memory after {Requests} requests, MB", m => m.Client.Resident / 1e6),
        ]);
        floor.AddTo(text, Requests);
        await text.WriteAsync(report);

        IEnumerable<string> Row(string name, Func<Publication, string> cell) => [name, .. all.Select(cell)];

        IEnumerable<string> Spread(string name, Func<Pair, double> value) => Row(name, p => Markdown.Spread(p.Measured.Select(value), "0"));
    }

    private static Pair Measure(Publication publication, DevAgent agent)
    {
        var begin = Stopwatch.GetTimestamp();
        using var service = publication.Start(Environment.ProcessorCount - 1, agent.AddressOf("orders"), "serve", "--urls", "https://127.0.0.1:0");
        var address = service.ReadAfter("listening on: https://");
        var listening = new Started(Stopwatch.GetElapsedTime(begin).TotalMilliseconds, service.Cpu.TotalMilliseconds);

        begin = Stopwatch.GetTimestamp();
        using var client = publication.Start(0, agent.AddressOf("cart"), "call", address);
        Ask(client);
        var answered = new Started(Stopwatch.GetElapsedTime(begin).TotalMilliseconds, client.Cpu.TotalMilliseconds);
        for (var i = 1; i < Requests; i++) Ask(client);
        return new(listening with { Resident = service.ResidentBytes }, answered with { Resident = client.ResidentBytes });
    }

    private static void Ask(Pinned client)
    {
        client.WriteLine("/hello");
        client.ReadAfter("GET /hello: 200");
    }

    internal sealed record Publication(string Name, string Program, params string[] Runner)
    {
        public List<Pair> Measured { get; } = [];

        /// <summary>Gets the size of all that is shipped, without symbols.</summary>
        public long Bytes => new FileInfo(Program).Directory!.EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.Extension is not (".pdb" or ".dbg")).Sum(file => file.Length);

        public Pinned Start(int core, string agent, params IEnumerable<string> arguments) =>
            Pinned.Start(core, ["env", $"SPIFFE_ENDPOINT_SOCKET={agent}", .. Runner, Program, .. arguments]);
    }

    internal readonly record struct Started(double Milliseconds, double Cpu, long Resident = 0);

    internal readonly record struct Pair(Started Service, Started Client);
}
