// A service of the mesh as a process of its own: mesh-service --help.
using System.CommandLine;
using System.Net;
using Mesh;
using Mesh.Service;
using Mesh.Service.Egress;

var socket = new Option<string?>("--endpoint-socket") { Description = "The SPIFFE Workload API that issues the SVID, for example unix:///tmp/spiffe/service-a.sock. Default: SPIFFE_ENDPOINT_SOCKET." };
var bindIp = new Option<IPAddress>("--bind-ip") { Description = "Where the API listens, and the ports of the egress.", DefaultValueFactory = _ => IPAddress.Loopback, CustomParser = Parsed(static text => IPAddress.TryParse(text, out var ip) ? ip : null, "an IP address") };
var port = new Option<int>("--port") { Description = "The port of the API, mutual TLS.", DefaultValueFactory = _ => 9005 };
var sni = new Option<string?>("--sni") { Description = "The name that this service expects to have, for example service-a.example.org. Another than that of its SPIFFE ID fails the start." };
var egressSocket = new Option<string?>("--egress-socket") { Description = "A Unix socket for the HTTP egress, in a folder that is ours alone." };
var proxyPort = new Option<int?>("--proxy-port") { Description = "A loopback port for the HTTP egress: an HTTP proxy for the http:// URLs of the mesh." };
var grpcProxyPort = new Option<int?>("--grpc-proxy-port") { Description = "A loopback port for the gRPC egress, with endpoint.Endpoint/Connect and reflection." };
var tcpEgress = new Option<TcpRoute[]>("--tcp-egress")
{
    Description = "An address of the L4 egress and the service that it leads to, for example 127.0.0.2:50075=service-b.example.org or unix:/path=service-b.example.org. Repeat it for more.",
    CustomParser = static result => [.. result.Tokens.Select(token => TcpRoute.Parse(token.Value) ?? Fail<TcpRoute>(result, token.Value, "ADDRESS=NAME")!)],
};
var router = new Option<EndPoint>("--router") { Description = "The SNI router: 127.0.0.1:8443 or unix:/path.", DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 8443), CustomParser = Parsed(static text => MeshAddress.Parse(text), "an address") };
var registry = new Option<Uri?>("--registry-addr") { Description = "The registry, for example https://[::1]:9090. Without it, nobody finds this service by its name." };
var lease = new Option<int>("--lease") { Description = "For how many seconds a registration is valid.", DefaultValueFactory = _ => 10 };

var command = new RootCommand("A service of the mesh: its API over mutual TLS for other services, and an egress for its own user.") { socket, bindIp, port, sni, egressSocket, proxyPort, grpcProxyPort, tcpEgress, router, registry, lease };
command.SetAction(async (parsed, cancellationToken) =>
{
    var options = new ServiceOptions
    {
        Identity = spiffe => spiffe.EndpointSocket = parsed.GetValue(socket) ?? spiffe.EndpointSocket,
        Logging = logging => logging.AddMeshConsole(parsed.GetValue(sni)?.Split('.')[0] ?? "service"),
        BindIp = parsed.GetRequiredValue(bindIp),
        Port = parsed.GetValue(port),
        Sni = parsed.GetValue(sni),
        EgressSocket = parsed.GetValue(egressSocket),
        ProxyPort = parsed.GetValue(proxyPort),
        GrpcProxyPort = parsed.GetValue(grpcProxyPort),
        TcpRoutes = [.. parsed.GetValue(tcpEgress) ?? []],
        Router = parsed.GetRequiredValue(router),
        Registry = parsed.GetValue(registry),
        Lease = TimeSpan.FromSeconds(parsed.GetValue(lease)),
    };
    try
    {
        await using var app = ServiceHost.Build(options);
        await app.RunAsync(cancellationToken);
        return 0;
    }
    catch (Exception mistake) when (mistake is ArgumentException or InvalidOperationException or IOException)
    {
        Console.Error.WriteLine($"mesh-service: {mistake.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();

static Func<System.CommandLine.Parsing.ArgumentResult, T?> Parsed<T>(Func<string, T?> parse, string expected) where T : class =>
    result => parse(result.Tokens[0].Value) ?? Fail<T>(result, result.Tokens[0].Value, expected);

static T? Fail<T>(System.CommandLine.Parsing.ArgumentResult result, string text, string expected) where T : class
{
    result.AddError($"{result.Argument.Name}: '{text}' is not {expected}.");
    return null;
}
