using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Determines whether this host never listens, though it starts: tools that read an application, such as for an OpenAPI document at build, put a server into it that does nothing.</summary>
/// <remarks>Such a host needs no identity, no agent and no settings. All others do, workers and those with servers of their own included.</remarks>
internal sealed class NoopHost(IServiceCollection services)
{
    // By name: each tool has a class of its own (GetDocument.Insider, Swashbuckle and others all say NoopServer).
    public bool IsHere => services.LastOrDefault(s => s.ServiceType.FullName == "Microsoft.AspNetCore.Hosting.Server.IServer" && !s.IsKeyedService) is { } server &&
        (server.ImplementationType ?? server.ImplementationInstance?.GetType())?.Name.StartsWith("Noop", StringComparison.OrdinalIgnoreCase) is true;
}
