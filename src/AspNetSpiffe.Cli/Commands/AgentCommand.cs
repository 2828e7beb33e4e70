using System.CommandLine;
using AspNetSpiffe.Cli.Output;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe agent: a Workload API server with its own authority, until Ctrl+C.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        var trustDomain = new Option<string>("--trust-domain") { Description = "The trust domain of the identities.", DefaultValueFactory = _ => "example.org", HelpName = "NAME" };
        var workloads = new Option<string[]>("--workload")
        {
            Description = "A workload and the path of its identity, for example server=/server. Repeat it for more workloads; repeat a name for more identities.",
            Required = true,
            HelpName = "NAME=/PATH",
        };
        var directory = new Option<string?>("--directory") { Description = "The folder of the sockets. Default: a fresh temporary one.", HelpName = "DIR" };
        var lifetime = new Option<string>("--svid-lifetime") { Description = "How long an X509-SVID lives; it is renewed at half of that.", DefaultValueFactory = _ => "1h", HelpName = "TIME" };

        var command = new Command("agent", "Runs a development agent: one Workload API socket per workload, an authority in memory. Never for production.")
        {
            trustDomain, workloads, directory, lifetime,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            NewOptions(parsed.GetRequiredValue(trustDomain), parsed.GetRequiredValue(workloads), parsed.GetValue(directory), parsed.GetRequiredValue(lifetime)),
            cancellationToken));
        return command;
    }

    private static DevAgentOptions NewOptions(string trustDomain, string[] workloads, string? directory, string lifetime)
    {
        var options = new DevAgentOptions
        {
            TrustDomain = TrustDomain.Parse(trustDomain),
            Directory = directory,
            SvidLifetime = Duration.Parse(lifetime),
        };
        foreach (var workload in workloads.Select(Split).GroupBy(static w => w.Name, static w => w.Path))
            options.AddWorkload(workload.Key, [.. workload.Select(static path => new DevIdentity(path))]);
        return options;
    }

    private static (string Name, string Path) Split(string workload) => workload.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? (workload[..at], workload[(at + 1)..])
        : throw new FormatException($"'{workload}' is no workload; write its name and the path of its identity, for example server=/server.");

    private static async Task<int> RunAsync(DevAgentOptions options, CancellationToken cancellationToken)
    {
        var terminal = new Terminal();
        using var logging = new LoggerFactory([new TerminalLogger(terminal, static (_, _) => true)]);
        options.LoggerFactory = logging;

        await using var agent = await DevAgent.StartAsync(options, cancellationToken);
        terminal.Title($"SPIFFE development agent for {agent.TrustDomain}");
        foreach (var (name, identities) in options.Workloads)
        {
            terminal.Blank();
            terminal.Heading(name, string.Join(", ", identities.Select(i => agent.TrustDomain.Id.WithPath(i.Path))));
            terminal.Copy($"SPIFFE_ENDPOINT_SOCKET={agent.AddressOf(name)}");
        }

        terminal.Blank();
        terminal.Note($"SVIDs live for {Duration.Describe(options.SvidLifetime)} and are renewed at half of that. Ctrl+C stops the agent and removes the sockets.");

        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }
}
