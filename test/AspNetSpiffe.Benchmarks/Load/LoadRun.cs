using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Servers on one core, clients on the other, and in each round all contenders one after the other.</summary>
internal static class LoadRun
{
    /// <summary>Rounds that are not counted: the JIT is at work in them.</summary>
    public const int WarmUp = 2;

    public static async Task<int> RunAsync(int rounds, string? report, bool onlyRequests)
    {
        var begin = TimeProvider.System.GetUtcNow();
        using var generator = Pinned.StartOwn(core: 0, "generate");
        using var cases = await LoadCases.StartAsync(rounds, onlyRequests);
        var samples = cases.All.SelectMany(c => c.Contenders).ToDictionary(c => c, _ => new List<Sample>());
        for (var round = 1 - WarmUp; round <= rounds; round++)
        {
            foreach (var one in cases.All)
                foreach (var contender in one.Contenders)
                    if (Measure(generator, contender, one.Count) is var sample && round > 0)
                        samples[contender].Add(sample);
            Console.Error.WriteLine(round > 0 ? $"round {round} of {rounds}" : "warming up");
        }

        var text = new LoadReport(samples).Write(cases.All, rounds, begin, cases.Memory);
        Console.WriteLine(text);
        if (report is not null) await File.WriteAllTextAsync(report, text);
        return 0;
    }

    private static Sample Measure(Pinned generator, Contender contender, int count)
    {
        var server = contender.Server;
        var (allocated, cpu) = (server.Allocated, server.Process.Cpu);
        var answer = generator.Ask(contender.Order(count)).Split('\t');
        var busy = server.Process.Cpu - cpu;

        var (failed, seconds, generating) = (int.Parse(answer[0], CultureInfo.InvariantCulture), Number(answer[1]), Number(answer[2]));
        if (failed > 0) throw new InvalidOperationException($"{contender.Name}: {failed} of {count} failed.");
        return new(busy.TotalMicroseconds / count, (double?)(server.Allocated - allocated) / count, busy.TotalSeconds / seconds, generating / seconds);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
