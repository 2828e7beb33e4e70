// The registry of the mesh: services register their addresses over mutual TLS, each under the name of its SPIFFE ID, and DNS answers with them.
using System.CommandLine;
using Mesh;
using Mesh.Names;

var bind = Arguments.EndPoint("--bind", "Where services register, by gRPC and REST over mutual TLS", "[::1]:9090");
var dns = Arguments.EndPoint("--dns", "Where DNS answers, over UDP and TCP", "127.0.0.1:10053");
var trustDomain = Arguments.TrustDomain();
var socket = new Option<string?>("--endpoint-socket") { Description = "The SPIFFE Workload API that issues the registry's X509-SVID, for example unix:///run/agent.sock [default: SPIFFE_ENDPOINT_SOCKET]" };
var root = new RootCommand("The registry of the mesh, and its DNS server. It runs until it is stopped.") { bind, dns, trustDomain, socket };
root.SetAction(async (parsed, stopping) =>
{
    var options = new RegistryOptions
    {
        TrustDomain = parsed.GetRequiredValue(trustDomain),
        Bind = parsed.GetRequiredValue(bind),
        Dns = parsed.GetRequiredValue(dns),
        Identity = spiffe => spiffe.EndpointSocket = parsed.GetValue(socket) ?? spiffe.EndpointSocket,
    };
    try
    {
        await RegistryHost.Build(options).RunAsync(stopping);
        return 0;
    }
    catch (Exception failure) when (failure is InvalidOperationException or IOException)
    {
        await Console.Error.WriteLineAsync(failure.Message);
        return 1;
    }
});

return await root.Parse(args).InvokeAsync();
