using System.Net;
using AspNetSpiffe.TestKit;
using Grpc.Net.Client;
using Mesh;
using Mesh.Service;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>An agent, and services of the mesh with every door, as hosts of the test's process.</summary>
public abstract class ServiceTest(ITestOutputHelper output) : ProgramTest(output)
{
    protected const string A = "service-a.example.org";
    protected const string B = "service-b.example.org";
    protected const string C = "service-c.example.org";
    protected const string IdOfA = "spiffe://example.org/service-a";
    protected const string IdOfB = "spiffe://example.org/service-b";
    protected const string IdOfC = "spiffe://example.org/service-c";

    protected DevAgent Agent { get; private set; } = null!;

    /// <summary>For how long an SVID is valid; it is renewed at half of it.</summary>
    protected virtual TimeSpan SvidLifetime => TimeSpan.FromHours(1);

    public override async ValueTask InitializeAsync()
    {
        var options = new DevAgentOptions { Directory = Path.Combine(Folder, "agent"), LoggerFactory = Loggers, SvidLifetime = SvidLifetime };
        foreach (var name in (string[])["service-a", "service-b", "service-c", "registry"]) options.AddWorkload(name, $"/{name}");
        Agent = Stopping(await DevAgent.StartAsync(options, Patience));
    }

    /// <summary>Gives the options of a service with every door, all ports free ones.</summary>
    private protected ServiceOptions OptionsOf(string name, EndPoint router, int port = 0) => new()
    {
        Identity = spiffe => spiffe.EndpointSocket = Agent.AddressOf(name.Split('.')[0]),
        Logging = logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Information).AddProvider(Logs),
        BindIp = IPAddress.Parse(name == A ? "127.0.0.2" : "127.0.0.3"),
        Port = port,
        Sni = name,
        EgressSocket = Path.Combine(Folder, name, "egress.sock"),
        ProxyPort = 0,
        GrpcProxyPort = 0,
        TcpRoutes = [new(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0), name == A ? B : A)],
        Router = router,
    };

    private protected async Task<RunningService> StartAsync(ServiceOptions options)
    {
        var service = Stopping(new RunningService(ServiceHost.Build(options), options.EgressSocket ?? ""));
        await service.App.StartAsync(Patience);
        return service;
    }

    /// <summary>Starts B, and A whose router leads to B whatever the name: what a router that works does, or one that is wrong.</summary>
    private protected async Task<(RunningService A, RunningService B)> StartPairAsync()
    {
        var b = await StartAsync(OptionsOf(B, NoRouter));
        return (await StartAsync(OptionsOf(A, b.Api)), b);
    }

    /// <summary>Where nobody listens.</summary>
    private protected EndPoint NoRouter => MeshAddress.Parse($"unix:{Folder}/nobody.sock");

    protected Task<ProgramResult> CurlAsync(params IEnumerable<string> arguments) => OutsideProgram.RunAsync("curl", ["--silent", "--show-error", "--max-time", "60", .. arguments], "", Patience);

    /// <summary>Runs curl as the user nobody.</summary>
    protected Task<ProgramResult> CurlAsStrangerAsync(params IEnumerable<string> arguments) =>
        OutsideProgram.RunAsync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "curl", "--silent", "--show-error", "--max-time", "60", .. arguments], "", Patience);

    /// <summary>Calls through the gRPC egress, where <paramref name="authority"/> names the service.</summary>
    private protected static GrpcChannel ChannelThrough(RunningService service, string authority)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(service.GrpcProxy, cancellationToken) };
        return GrpcChannel.ForAddress($"http://{authority}", new() { HttpHandler = handler, DisposeHttpClient = true });
    }
}
