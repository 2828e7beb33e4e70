// A service of the mesh as a separate process: its API over mutual TLS for other services, and an egress for its own user.
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Mesh;
using Mesh.Service;
using Mesh.Service.Egress;

var identity = new IdentityArguments();
var bindIp = Arguments.Parsed("--bind-ip", "Where the API listens, and the ports of the egress", IPAddress.Parse, "127.0.0.1");
var port = new Option<int>("--port") { Description = "The port of the API: mutual TLS", DefaultValueFactory = _ => 9005 };
var sni = new Option<string?>("--sni") { Description = "The name that this service expects to have, for example service-a.example.org. Another than that of its SPIFFE ID fails the start" };
var egressSocket = new Option<string?>("--egress-socket") { Description = "A Unix socket for the HTTP egress, in a folder that only its user may enter" };
var proxyPort = new Option<int?>("--proxy-port") { Description = "A loopback port for the HTTP egress: an HTTP proxy for http:// URLs of the mesh" };
var grpcProxyPort = new Option<int?>("--grpc-proxy-port") { Description = "A loopback port for the gRPC egress, with endpoint.Endpoint/Connect and reflection" };
var tcpEgress = new Option<TcpRoute[]>("--tcp-egress")
{
    Description = "An address of the L4 egress and the service that it leads to, for example 127.0.0.2:50075=service-b.example.org or unix:/path=service-b.example.org. Repeat it for more",
    CustomParser = static result => Read(result, static texts => texts.Select(TcpRoute.Parse).ToArray()),
};
var router = Arguments.Parsed("--router", "The SNI router: an address, or unix:/path", static text => MeshAddress.Parse(text), "127.0.0.1:8443");
var registry = new Option<Uri?>("--registry-addr") { Description = "The registry, for example https://[::1]:9090. Without it, nobody finds this service by its name", CustomParser = static result => Read(result, static texts => new Uri(texts.Single())) };
var lease = Arguments.Seconds("--lease", "For how long a registration is valid", 10);

var root = new RootCommand("A service of the mesh. It runs until it is stopped.") { bindIp, port, sni, egressSocket, proxyPort, grpcProxyPort, tcpEgress, router, registry, lease };
identity.AddTo(root);
root.SetAction(async (parsed, stopping) =>
{
    Action<ILoggingBuilder> logging = log => log.AddMeshConsole(parsed.GetValue(sni)?.Split('.')[0] ?? "service");
    using var loggers = LoggerFactory.Create(logging);
    var options = new ServiceOptions
    {
        Identity = identity.Read(parsed, loggers),
        Logging = logging,
        BindIp = parsed.GetRequiredValue(bindIp),
        Port = parsed.GetValue(port),
        Sni = parsed.GetValue(sni),
        EgressSocket = parsed.GetValue(egressSocket),
        ProxyPort = parsed.GetValue(proxyPort),
        GrpcProxyPort = parsed.GetValue(grpcProxyPort),
        TcpRoutes = [.. parsed.GetValue(tcpEgress) ?? []],
        Router = parsed.GetRequiredValue(router),
        Registry = parsed.GetValue(registry),
        Lease = parsed.GetRequiredValue(lease),
    };
    return await MeshProgram.RunAsync("mesh-service", () => ServiceHost.Build(options), stopping);
});
return await root.Parse(args).InvokeAsync();

static T? Read<T>(ArgumentResult result, Func<IEnumerable<string>, T> read) where T : class
{
    try
    {
        return read(result.Tokens.Select(static token => token.Value));
    }
    catch (FormatException mistake)
    {
        result.AddError($"{result.Argument.Name}: '{string.Join(' ', result.Tokens)}' is not valid: {mistake.Message}");
        return null;
    }
}
