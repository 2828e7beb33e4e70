using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspNetSpiffe;
using Grpc.Core;
using Grpc.Net.Client;

namespace Mesh.Demo;

/// <summary>Failures and attacks in the mesh, and their effects.</summary>
internal sealed class Faults(MeshProcesses mesh, Demonstration demonstration, Story story, int port, CancellationToken stopping)
{
    private const string ServiceB = "http://service-b.example.org/hello";

    public async Task RouterDiesAsync()
    {
        story.Step("The router dies, and comes back");
        await mesh.StopRouterAsync();
        var refused = await AskAsync("service-a");
        story.Tell("without a router", $"{(int)refused.Status} {refused.Status}");
        Story.Expect(refused.Status == HttpStatusCode.BadGateway);
        await mesh.StartRouterAsync(port);
        await demonstration.CallAsync("service-a", "service-b");
    }

    public async Task RouterLeadsAstrayAsync()
    {
        story.Step("A router leads to the wrong service: its SPIFFE ID is another, and nothing is sent");
        await mesh.StopRouterAsync();
        await mesh.StartRouterAsync(port, alwaysTo: "127.0.0.2");
        var refused = await AskAsync("service-a");
        story.Tell("service-a -> service-b", refused.Detail);
        Story.Expect(refused.Status == HttpStatusCode.BadGateway && refused.Detail.Contains("NotAllowed", StringComparison.Ordinal));
        await mesh.StopRouterAsync();
        await mesh.StartRouterAsync(port);
        await demonstration.CallAsync("service-a", "service-b");
    }

    public async Task LeaseEndsAsync()
    {
        story.Step("Service B crashes: its lease ends, and its name with it, until it is back");
        await mesh["service-b"].DisposeAsync();
        var from = mesh["registry"].Count;
        await mesh["registry"].WaitForAsync("The lease of service-b.example.org", stopping, from);
        story.Tell("A service-b.example.org", await demonstration.AskDnsAsync("service-b.example.org"));
        Story.Expect(await demonstration.AskDnsAsync("service-b.example.org") == "NXDOMAIN");
        await mesh.StartServiceAsync("service-b", "127.0.0.3", port);
        story.Tell("A service-b.example.org", await demonstration.AskDnsAsync("service-b.example.org"));
        await demonstration.CallAsync("service-a", "service-b");
    }

    public async Task AuthorityIsReplacedAsync()
    {
        story.Step("The authority is replaced, while calls run");
        using var calls = new CallLoop(mesh.Egress("service-a"), ServiceB);
        var before = demonstration.SvidOf("service-b").Groups["issuer"].Value;
        await ReplaceAsync("prepare", static svid => svid.Groups["authorities"].Value == "2");
        await ReplaceAsync("activate", svid => svid.Groups["issuer"].Value != before);
        await ReplaceAsync("revoke", static svid => svid.Groups["authorities"].Value == "1");
        var (made, failed) = await calls.StopAsync();
        story.Tell("issuer", $"{before} -> {demonstration.SvidOf("service-b").Groups["issuer"].Value}");
        story.Tell("calls meanwhile", $"{made}, of which failed: {failed}");
        Story.Expect(before != demonstration.SvidOf("service-b").Groups["issuer"].Value);
        Story.Expect(made > 0 && failed == 0);
    }

    public async Task StrangerRegistersAsync()
    {
        story.Step("A stranger, a member of the mesh, registers the name of B");
        await mesh.EnrollAsync("stranger", typeof(Faults).Assembly.Location);
        var identity = new MeshIdentity(
            new() { TrustDomain = TrustDomain.Parse(MeshProcesses.TrustDomain), Authority = mesh.AuthorityAddress, Folder = new(mesh.FolderOf("stranger")) }, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await using var source = await X509Source.StartAsync(new SpiffeOptions { Provider = identity.WatchAsync }, cancellationToken: stopping);
        using var handler = SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(MeshName.RegistryOf(source.Current!.TrustDomain).ToString()));
        using var channel = GrpcChannel.ForAddress(mesh.RegistryAddress, new() { HttpHandler = handler });
        var registration = new Registration { Name = "service-b.example.org", Addresses = { "127.0.0.66" }, Port = 9005, Lease = new() { Seconds = 5 } };
        var refused = await RefusalOfAsync(new Registry.RegistryClient(channel).RegisterAsync(registration, cancellationToken: stopping));
        story.Tell(source.Current.DefaultSvid.Id.ToString(), $"{refused.StatusCode}: {refused.Status.Detail}");
        Story.Expect(refused.StatusCode == StatusCode.PermissionDenied);
        Story.Expect(await demonstration.AskDnsAsync("service-b.example.org") == "127.0.0.3");
    }

    public async Task StrangerUsesEgressAsync()
    {
        story.Step("A stranger, another user of this machine, uses the egress of A");
        if (!Environment.IsPrivilegedProcess)
        {
            story.Tell("not shown", "only root can start a program as another user; run it as root to see it");
            return;
        }

        var proxy = mesh["service-a"].Find("HTTP: 127.0.0.2:")[0].Split("HTTP: ").First(static part => part.StartsWith("127.0.0.2:", StringComparison.Ordinal)).Split(' ')[0];
        await using var stranger = Part.StartOther("stranger", "setpriv", "--reuid", "65534", "--clear-groups", "curl", "--silent", "--show-error", "--proxy", $"http://{proxy}", ServiceB);
        story.Tell("the stranger sees", await stranger.WaitForAsync("curl: (", stopping));
        story.Tell("service-a logs", (await mesh["service-a"].WaitForAsync("Refused a connection", stopping)).Split("Refused").Last().Insert(0, "Refused"));
    }

    // Each workload takes the step with a renewal.
    private async Task ReplaceAsync(string step, Func<Match, bool> isTaken)
    {
        await mesh.Operator.ReplaceAsync(step, stopping);
        foreach (var name in (string[])["registry", "service-a", "service-b"])
            while (true)
            {
                var from = mesh[name].Count;
                if (isTaken(demonstration.SvidOf(name))) break;
                await mesh[name].WaitForAsync("Have spiffe://", stopping, from);
            }

        story.Tell(step, "every workload has renewed");
    }

    private async Task<(HttpStatusCode Status, string Detail)> AskAsync(string from)
    {
        using var egress = mesh.Egress(from);
        using var response = await egress.GetAsync(ServiceB, stopping);
        var problem = response.IsSuccessStatusCode ? null : await response.Content.ReadFromJsonAsync<JsonNode>(stopping);
        return (response.StatusCode, $"{problem?["detail"]}");
    }

    private static async Task<RpcException> RefusalOfAsync(AsyncUnaryCall<Lease> call)
    {
        try
        {
            await call;
        }
        catch (RpcException refused)
        {
            return refused;
        }

        throw new InvalidOperationException("The stranger registered a name that is not its own.");
    }
}
