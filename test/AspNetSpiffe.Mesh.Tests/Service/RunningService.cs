using System.Net;
using Mesh.Service;
using Mesh.Service.Egress;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.MeshTests;

/// <summary>A service of the mesh that runs in the test's process, and where it listens.</summary>
internal sealed record RunningService(WebApplication App, string EgressSocket) : IAsyncDisposable
{
    private Listeners Listeners => App.Services.GetRequiredService<Listeners>();

    public IPEndPoint Api => Listeners.Api;

    public IPEndPoint Proxy => PortOf(DoorNames.Http);

    public IPEndPoint GrpcProxy => PortOf(DoorNames.Grpc);

    public IPEndPoint Tcp => PortOf(DoorNames.Tcp);

    public X509Source Source => App.Services.GetRequiredService<X509Source>();

    private IPEndPoint PortOf(string door) => Listeners.Doors.Where(found => found.Name == door).Select(static found => found.Address).OfType<IPEndPoint>().First();

    // As a signal ends it.
    public async ValueTask DisposeAsync()
    {
        await App.StopAsync();
        await App.DisposeAsync();
    }
}
