using System.CommandLine;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
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
        var federated = new Option<string[]>("--federate")
        {
            Description = "A workload of another trust domain, which the agent serves too, for example other.test=partner=/partner: the workloads of both verify each other. Repeat it for more.",
            HelpName = "TRUST_DOMAIN=NAME=/PATH",
        };
        var directory = new Option<string?>("--directory") { Description = "The directory of the sockets; those of other trust domains are in subdirectories with their names. Default: a new temporary directory.", HelpName = "DIR" };
        var lifetime = new Option<string>("--svid-lifetime") { Description = "The lifetime of an X509-SVID; it is renewed at half of it.", DefaultValueFactory = _ => "1h", HelpName = "TIME" };
        var json = JsonOption.Create("Write the sockets as one line of JSON for each trust domain; the log is written to standard error.");

        var command = new Command("agent", "Runs a development agent: one Workload API socket per workload, an authority in memory. Never for production.")
        {
            trustDomain, workloads, federated, directory, lifetime, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var (folder, life) = (parsed.GetValue(directory), UsageException.Parse(parsed.GetRequiredValue(lifetime), Duration.Parse));
            var own = NewOptions(UsageException.Parse(parsed.GetRequiredValue(trustDomain), TrustDomain.Parse), parsed.GetRequiredValue(workloads).Select(Split), folder, life);
            var others = (parsed.GetValue(federated) ?? []).Select(SplitFederated).GroupBy(static f => f.TrustDomain, static f => f.Workload)
                .Select(other => NewOptions(other.Key, other, folder is null ? null : Path.Combine(folder, other.Key.Name), life));
            return RunAsync([own, .. others], parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static DevAgentOptions NewOptions(TrustDomain trustDomain, IEnumerable<(string Name, string Path)> workloads, string? directory, TimeSpan lifetime)
    {
        // So that grpcurl and similar tools can list and call the methods (Workload Endpoint §7).
        var options = new DevAgentOptions
        {
            TrustDomain = trustDomain,
            Directory = directory,
            SvidLifetime = lifetime,
            ConfigureServices = static services => services.AddGrpcReflection(),
            ConfigureEndpoints = static endpoints => endpoints.MapGrpcReflectionService(),
        };
        foreach (var workload in workloads.GroupBy(static w => w.Name, static w => w.Path))
            options.AddWorkload(workload.Key, [.. workload.Select(static path => new DevIdentity(path))]);
        return options;
    }

    private static (string Name, string Path) Split(string workload) => workload.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? (workload[..at], workload[(at + 1)..])
        : throw new UsageException($"'{workload}' is not a workload; write its name and the path of its identity, for example server=/server.");

    private static (TrustDomain TrustDomain, (string Name, string Path) Workload) SplitFederated(string federated) => federated.IndexOf('=', StringComparison.Ordinal) is > 0 and var at
        ? (UsageException.Parse(federated[..at], TrustDomain.Parse), Split(federated[(at + 1)..]))
        : throw new UsageException($"'{federated}' is not a workload of another trust domain; write the trust domain, a name and the path of the identity, for example other.test=partner=/partner.");

    private static async Task<int> RunAsync(DevAgentOptions[] all, bool json, CancellationToken cancellationToken)
    {
        // Signals are handled from the first await on, so nothing must be created before.
        await Task.Yield();
        var terminal = json ? Terminal.OfErrors() : new Terminal();
        using var logging = new LoggerFactory([new TerminalLogger(terminal, static (_, _) => true)]);

        var agents = new Stack<DevAgent>();
        try
        {
            foreach (var options in all)
            {
                options.LoggerFactory = logging;
                agents.Push(await DevAgent.StartAsync(options, cancellationToken));
            }

            foreach (var agent in agents)
                foreach (var other in agents.Where(other => other != agent))
                    agent.AddFederatedBundle(other);

            foreach (var (agent, options) in agents.Reverse().Zip(all))
            {
                if (json) Json.WriteLine(Of(agent, options));
                else Show(terminal, agent, options);
            }

            terminal.Blank();
            terminal.Note($"SVIDs are valid for {Duration.Describe(all[0].SvidLifetime)} and are renewed at half of that. Ctrl+C stops the agent and removes the sockets.");

            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return 0;
        }
        finally
        {
            // In reverse order: the folder of the last one may be in that of the first.
            foreach (var agent in agents) await agent.DisposeAsync();
        }
    }

    private static void Show(Terminal terminal, DevAgent agent, DevAgentOptions options)
    {
        terminal.Title($"SPIFFE development agent for {agent.TrustDomain}");
        foreach (var (name, identities) in options.Workloads)
        {
            terminal.Blank();
            terminal.Heading(name, string.Join(", ", identities.Select(i => agent.TrustDomain.Id.WithPath(i.Path))));
            terminal.Copy($"SPIFFE_ENDPOINT_SOCKET={agent.AddressOf(name)}");
        }
    }

    private static JsonObject Of(DevAgent agent, DevAgentOptions options) => new()
    {
        ["trustDomain"] = agent.TrustDomain.Name,
        ["workloads"] = new JsonObject(options.Workloads.Select(workload => KeyValuePair.Create(workload.Key, (JsonNode?)new JsonObject
        {
            ["endpointSocket"] = agent.AddressOf(workload.Key),
            ["spiffeIds"] = new JsonArray([.. workload.Value.Select(identity => JsonValue.Create(agent.TrustDomain.Id.WithPath(identity.Path).ToString()))]),
        }))),
    };
}
