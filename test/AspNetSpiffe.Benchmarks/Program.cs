// Measures what docs/performance.md says.
using System.Globalization;
using AspNetSpiffe.Benchmarks;

try
{
    return args switch
    {
        ["load" or "--load", .. var rest] => await LoadRun.RunAsync(Count(rest, "--rounds", 7), Option(rest, "--cases")?.Split(',') ?? [], Option(rest, "--report"), Option(rest, "--plots")),
        ["micro", .. var rest] => MicroRun.Run(rest),
        ["idle", .. var rest] => await IdleRun.RunAsync(Count(rest, "--count", 10_000), Count(rest, "--rounds", 3), Option(rest, "--report"), Option(rest, "--plots")),
        ["rotation", .. var rest] => await RotationRun.RunAsync(Count(rest, "--count", 10_000), Count(rest, "--rate", 75), Option(rest, "--report"), Option(rest, "--plots")),
        ["latency", .. var rest] => await LatencyRun.RunAsync(Count(rest, "--count", 200), Option(rest, "--report")),
        ["start", .. var rest] => await StartRun.RunAsync(Count(rest, "--rounds", 20), Option(rest, "--report")),
        ["growth", .. var rest] =>
            await GrowthRun.RunAsync(Count(rest, "--most", 10_000), Count(rest, "--rounds", 2), Option(rest, "--parts")?.Split(',') ?? [], Option(rest, "--report"), Option(rest, "--plots")),
        ["aot", .. var rest] => await AotRun.RunAsync(Count(rest, "--rounds", 10), Option(rest, "--report")),
        ["stalls", .. var rest] => await StallRun.RunAsync(Count(rest, "--minutes", 20), !rest.Contains("--no-system-cas"), Option(rest, "--report"), Option(rest, "--plots")),

        // The parts of these that are processes of their own.
        ["server", var kind, var folder, var agent] => await KestrelServer.RunAsync(kind, folder, agent),
        ["first-svid", var agent] => await StartRun.GetFirstSvidAsync(agent),
        ["generate"] => Generator.Run(),
        ["idle-clients", var port, var peers] => IdleClients.Run(Number(port), peers),
        ["expiry-clients", var port, var peers, var renewed, var seconds] => ExpiryClients.Run(Number(port), peers, renewed, Number(seconds)),
        ["steady-load", var port, var peers] => SteadyLoad.Run(Number(port), peers),
        ["open-loop", var peers, var perSecond, var seconds, .. var ports] => OpenLoop.Run(peers, Number(perSecond), Number(seconds), [.. ports.Select(Number)]),
        _ => Usage(),
    };
}
catch (InvalidOperationException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static int Count(string[] args, string name, int usual) => Option(args, name) is { } count ? Number(count) : usual;

static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

static int Usage()
{
    Console.Error.WriteLine("""
        benchmarks load [--rounds N] [--cases NAME[,NAME]] [--report FILE.md] [--plots FOLDER]
                                                          handshakes and requests beside Kestrel, nginx and haproxy
        benchmarks micro [ARGUMENTS OF BENCHMARKDOTNET]   parts of a handshake and of a request, with their allocations
        benchmarks idle [--count N] [--rounds N] [--report FILE.md] [--plots FOLDER]
                                                          memory of idle connections, and the time to look at all and to close all
        benchmarks rotation [--count N] [--rate N] [--report FILE.md] [--plots FOLDER]
                                                          new SVIDs under load: failed requests, memory
        benchmarks latency [--count N] [--report FILE.md] from a new SVID to the first handshake that presents it
        benchmarks start [--rounds N] [--report FILE.md]  from the start of a process to its first SVID
        benchmarks aot [--rounds N] [--report FILE.md]    start and memory of a service and of its client: as built, trimmed, as Native AOT
        benchmarks growth [--most N] [--rounds N] [--parts NAME[,NAME]] [--report FILE.md] [--plots FOLDER]
                                                          how costs grow with bundles, connections, policies and allowed peers
        benchmarks stalls [--minutes N] [--no-system-cas] [--report FILE.md] [--plots FOLDER]
                                                          the worst handshakes at 50 a second, beside Kestrel's
        """);
    return 2;
}
