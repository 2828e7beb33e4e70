using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Servers on one core, clients on the other, and in each round all contenders one after the other.</summary>
internal static class LoadRun
{
    public static async Task<int> RunAsync(int rounds, string[] names, string[] environment, string[] only, string? report, string? plots)
    {
        var begin = TimeProvider.System.GetUtcNow();
        using var generator = Pinned.StartOwn(core: 0, "generate");
        using var cases = await LoadCases.StartAsync(names, rounds, environment, only);
        var contenders = cases.All.SelectMany(c => c.Contenders.Select(contender => (Contender: contender, c.Count))).ToArray();
        var samples = contenders.ToDictionary(c => c.Contender, _ => new List<Sample>());

        var warmUp = WarmUp.Run(contenders.Select(c => c.Contender.Server), () => Array.ForEach(contenders, c => Measure(generator, c.Contender, c.Count)));
        for (var round = 1; round <= rounds; round++)
        {
            foreach (var (contender, count) in contenders) samples[contender].Add(Measure(generator, contender, count));
            Console.Error.WriteLine($"round {round} of {rounds}");
        }

        await new LoadReport(samples).WriteAsync(cases, $"{rounds} rounds, and {warmUp.Describe()},", begin, report);
        if (plots is not null) await new LoadPlots(samples, rounds).WriteAsync(cases.All, plots);
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
