// The registry of the mesh: services register their addresses over mutual TLS, each under the name of its SPIFFE ID, and DNS returns them.
using System.CommandLine;
using Mesh;
using Mesh.Names;

var identity = new IdentityArguments();
var bind = Arguments.EndPoint("--bind", "Where services register, by gRPC and REST over mutual TLS", "[::1]:9090");
var dns = Arguments.EndPoint("--dns", "Where DNS answers, over UDP and TCP", "127.0.0.1:10053");
var root = new RootCommand("The registry of the mesh, and its DNS server. It runs until it is stopped.") { bind, dns };
identity.AddTo(root);
root.SetAction(async (parsed, stopping) =>
{
    using var loggers = LoggerFactory.Create(static logging => logging.AddMeshConsole("registry"));
    var options = new RegistryOptions
    {
        TrustDomain = parsed.GetRequiredValue(identity.TrustDomain),
        Bind = parsed.GetRequiredValue(bind),
        Dns = parsed.GetRequiredValue(dns),
        Identity = identity.Read(parsed, loggers),
    };
    return await MeshProgram.RunAsync("mesh-registry", () => RegistryHost.Build(options), stopping);
});

return await root.Parse(args).InvokeAsync();
