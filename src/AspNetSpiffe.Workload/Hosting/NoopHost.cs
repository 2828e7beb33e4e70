using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Detects a host that starts but never listens: tools that inspect an application, for example to generate an OpenAPI document at build, replace its server with one that does nothing.</summary>
/// <remarks>Such a host needs no identity, no agent and no settings. All others do, including workers and hosts with other servers.</remarks>
internal sealed class NoopHost(IServiceCollection services)
{
    // By name, because each tool has its own class (GetDocument.Insider, Swashbuckle and others all call it NoopServer).
    public bool IsHere => services.LastOrDefault(s => s.ServiceType.FullName == "Microsoft.AspNetCore.Hosting.Server.IServer" && !s.IsKeyedService) is { } server &&
        (server.ImplementationType ?? server.ImplementationInstance?.GetType())?.Name.StartsWith("Noop", StringComparison.OrdinalIgnoreCase) is true;
}
