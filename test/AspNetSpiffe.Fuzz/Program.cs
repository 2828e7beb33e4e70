// Fires random and mutated inputs at every reader of what comes from outside: fuzz [--seconds N] [--seed S] [--target NAME]
using System.Globalization;
using AspNetSpiffe.Fuzz;

var seconds = Number("--seconds") ?? 60;
var seed = Number("--seed") ?? Random.Shared.Next();
var targets = new Targets().All.Where(t => Text("--target") is not { } name || t.Name == name).ToArray();
if (targets.Length == 0) return Usage();

Console.WriteLine($"seed {seed}, {seconds} s, {Environment.ProcessorCount} threads");
Console.WriteLine($"{"target",-16}{"inputs",12}{"accepted",12}{"inputs/s",12}{"most bytes",12}");

// Each target gets its share of the time, on as many threads as there are cores.
var share = TimeSpan.FromSeconds((double)seconds / targets.Length);
long all = 0;
foreach (var target in targets)
{
    var runners = Enumerable.Range(0, Environment.ProcessorCount).Select(i => new Runner(target, unchecked(seed + i), share)).ToArray();
    var threads = runners.Select(runner => new Thread(runner.Run) { IsBackground = true }).ToArray();
    foreach (var thread in threads) thread.Start();
    foreach (var (thread, runner) in threads.Zip(runners))
        while (!thread.Join(TimeSpan.FromSeconds(1)))
            if (runner.Hangs)
                return Found(target, runner);

    if (runners.FirstOrDefault(r => r.Finding is not null) is { } finder) return Found(target, finder);

    var inputs = runners.Sum(r => r.Inputs);
    all += inputs;
    Console.WriteLine($"{target.Name,-16}{inputs,12:N0}{runners.Sum(r => r.Accepted),12:N0}{inputs / share.TotalSeconds,12:N0}{runners.Max(r => r.MostBytes),12:N0}");
}

Console.WriteLine($"{"all",-16}{all,12:N0} inputs, nothing found");
return 0;

int Found(Target target, Runner runner)
{
    Console.Error.WriteLine($"FOUND in '{target.Name}' with --seed {seed}: {runner.Describe()}");
    return 1;
}

int Usage()
{
    Console.Error.WriteLine($"There is no such target; there are: {string.Join(", ", new Targets().All.Select(t => t.Name))}.");
    return 2;
}

string? Text(string option) => Array.IndexOf(args, option) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

int? Number(string option) => Text(option) is { } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
