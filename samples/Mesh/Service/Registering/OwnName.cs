using AspNetSpiffe;
using Mesh.Service.Egress;

namespace Mesh.Service.Registering;

/// <summary>The name of this service, derived from its SPIFFE ID. It is known with the first SVID, before any endpoint listens.</summary>
internal sealed class OwnName(X509Source source, ServiceOptions options) : IHostedService
{
    private string? _name;

    public string Name => _name ?? throw new InvalidOperationException("The name is not known before the host has started.");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var id = source.Current!.DefaultSvid.Id;
        if (!MeshName.TryFromId(id, out _name)) throw Mistake($"This workload is {id}, which has no name in the mesh. A service needs an ID of one segment, such as {id.TrustDomain.Id}/service-a.");
        if (options.Sni is { } sni && sni != _name) throw Mistake($"--sni: '{sni}' is not our name. This workload is {id}, so its name is {_name}; leave --sni out, or run it as the workload that you mean.");
        foreach (var route in options.TcpRoutes)
            if (Destination.Find(route.Name, source) is null)
                throw Mistake($"--tcp-egress: '{route.Name}' is not a name of this mesh; write NAME.{id.TrustDomain}, where NAME is one lower-case label.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static InvalidOperationException Mistake(string message) => new(message);
}
