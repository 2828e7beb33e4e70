// Measures what docs/performance.md says.
using System.Globalization;
using AspNetSpiffe.Benchmarks;

return args switch
{
    ["connections", .. var rest] => await Connections.RunAsync(rest is [var count] ? Number(count) : 10_000),
    ["load" or "--load", .. var rest] => await LoadRun.RunAsync(Option(rest, "--rounds") is { } rounds ? Number(rounds) : 7, Option(rest, "--report"), onlyRequests: Option(rest, "--cases") == "requests"),
    ["micro", .. var rest] => MicroRun.Run(rest),

    // The parts of these two that are processes of their own.
    ["clients", var address, var port, var count] => await Connections.OpenAsync(address, Number(port), Number(count)),
    ["server", var kind, var folder, var agent] => await KestrelServer.RunAsync(kind, folder, agent),
    ["generate"] => Generator.Run(),
    _ => Usage(),
};

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

static int Usage()
{
    Console.Error.WriteLine("""
        benchmarks load [--rounds N] [--report FILE.md]   handshakes and requests beside Kestrel, nginx and haproxy
        benchmarks load --cases requests […]              requests alone, beside Kestrel
        benchmarks micro [ARGUMENTS OF BENCHMARKDOTNET]   parts of a handshake and of a request, with their allocations
        benchmarks connections [COUNT]                    how long it takes to look at all connections of a server again
        """);
    return 2;
}
