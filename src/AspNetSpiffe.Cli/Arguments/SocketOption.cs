using System.CommandLine;

namespace AspNetSpiffe.Cli;

/// <summary>--socket: the address of the Workload API.</summary>
internal static class SocketOption
{
    public static Option<string?> Create() => new("--socket")
    {
        Description = "The Workload API, for example unix:///run/spire/agent.sock. Default: the environment variable SPIFFE_ENDPOINT_SOCKET.",
        HelpName = "ADDRESS",
    };

    /// <exception cref="UsageException">The address is not valid, or there is none.</exception>
    public static WorkloadApiAddress Read(string? address)
    {
        if (address is not null) return UsageException.Parse(address, WorkloadApiAddress.Parse);
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable)))
            throw new UsageException($"The address of the Workload API is missing: set --socket, or set the environment variable {WorkloadApiAddress.EnvironmentVariable}, for example to 'unix:///run/spire/agent.sock'.");
        return UsageException.Parse("", static _ => WorkloadApiAddress.FromEnvironment());
    }
}
