using System.Net;
using Mesh.Service.Egress;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Mesh.Service;

/// <summary>The addresses of the API and of the egress. After the start, they contain the actual ports instead of 0.</summary>
internal sealed class Listeners(ServiceOptions options)
{
    private ListenOptions? _api;
    private readonly List<(string Name, ListenOptions Listen)> _doors = [];

    /// <summary>Gets the address of the API.</summary>
    public IPEndPoint Api => _api!.IPEndPoint!;

    /// <summary>Gets the addresses of the egress.</summary>
    public IEnumerable<(string Name, EndPoint Address)> Doors => _doors.Select(static door => (door.Name, door.Listen.EndPoint));

    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Listen(options.BindIp, options.Port, listen =>
        {
            _api = listen;
            listen.UseHttps();
        });

        if (options.EgressSocket is { } path)
        {
            SocketFile.Prepare(path);
            kestrel.ListenUnixSocket(path, listen => Open(listen, DoorNames.Http, HttpProtocols.Http1));
        }

        if (options.ProxyPort is { } http) kestrel.Listen(options.BindIp, http, listen => Open(listen, DoorNames.Http, HttpProtocols.Http1));
        if (options.GrpcProxyPort is { } grpc) kestrel.Listen(options.BindIp, grpc, listen => Open(listen, DoorNames.Grpc, HttpProtocols.Http2));
        foreach (var route in options.TcpRoutes)
        {
            if (route.Listen is System.Net.Sockets.UnixDomainSocketEndPoint) SocketFile.Prepare(route.Listen.ToString()!);
            kestrel.Listen(route.Listen, listen =>
            {
                Open(listen, DoorNames.Tcp, HttpProtocols.None);
                var tunnel = listen.ApplicationServices.GetRequiredService<Tunnel>();
                listen.Run(connection => tunnel.RunAsync(connection, route.Name));
            });
        }
    }

    public override string ToString() => string.Join(' ', Doors.Select(static door => $"{door.Name}: {(door.Address is IPEndPoint ? "" : "unix:")}{door.Address}").Prepend($"listening: https://{Api}"));

    private void Open(ListenOptions listen, string name, HttpProtocols protocols)
    {
        _doors.Add((name, listen));
        listen.Protocols = protocols;
        new Door(name).Guard(listen);
    }
}
