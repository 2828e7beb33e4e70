using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using DnsClient;
using DnsClient.Protocol;

namespace Mesh.Demo;

/// <summary>The normal operation of the mesh: identities, names, calls in both directions, renewal.</summary>
internal sealed partial class Demonstration(MeshProcesses mesh, Story story, CancellationToken stopping)
{
    /// <summary>Starts all parts.</summary>
    /// <returns>The port of the services.</returns>
    public async Task<int> StartAsync()
    {
        story.Step("The authority starts, and its operator enrols a registry and two services");
        await mesh.StartAuthorityAsync();
        await mesh.EnrollAsync("registry", Part.PathOf("registry"));
        await mesh.EnrollAsync("service-a", Part.PathOf("service"));
        await mesh.EnrollAsync("service-b", Part.PathOf("service"));
        story.Tell("authority", mesh.AuthorityAddress);

        story.Step("Each proves by its platform's report who it is, and has an X509-SVID signed");
        await mesh.StartRegistryAsync();
        var port = await mesh.StartServiceAsync("service-a", "127.0.0.2", 0);
        await mesh.StartServiceAsync("service-b", "127.0.0.3", port);
        await mesh.StartRouterAsync(port);
        foreach (var name in mesh.Names.Except(["authority", "router"])) story.Tell(name, SvidOf(name).Groups["id"].Value);
        return port;
    }

    public async Task ResolveAsync()
    {
        story.Step("DNS knows the services that are registered, and no others");
        story.Tell("A service-a.example.org", await AskDnsAsync("service-a.example.org"));
        story.Tell("A service-b.example.org", await AskDnsAsync("service-b.example.org"));
        var srv = (await Dns().QueryAsync("_https._tcp.service-b.example.org", QueryType.SRV, cancellationToken: stopping)).Answers.OfType<SrvRecord>().Single();
        story.Tell("SRV _https._tcp.service-b", $"{srv.Target} port {srv.Port}");
        story.Tell("A service-c.example.org", await AskDnsAsync("service-c.example.org"));
        Story.Expect(await AskDnsAsync("service-b.example.org") == "127.0.0.3");
        Story.Expect(await AskDnsAsync("service-c.example.org") == "NXDOMAIN");
    }

    public async Task CallBothWaysAsync()
    {
        story.Step("A calls B, and B calls A: egress, router, mutual TLS from end to end");
        await CallAsync("service-a", "service-b");
        await CallAsync("service-b", "service-a");
    }

    public async Task FollowAsync()
    {
        story.Step("One request, followed by its trace ID: A asks B, which asks A");
        using var activity = new Activity("demo").SetIdFormat(ActivityIdFormat.W3C).Start();
        using var egress = mesh.Egress("service-a");
        await egress.GetStringAsync("http://service-b.example.org/ask/service-a.example.org", stopping);

        // A line is logged after the response was sent.
        var trace = activity.TraceId.ToString();
        await mesh["service-a"].WaitForAsync($"{trace} spiffe://", stopping);
        await mesh["service-b"].WaitForAsync($"{trace} spiffe://", stopping);
        await mesh["service-a"].WaitForAsync($"{trace} own user", stopping);
        var lines = mesh.Names.SelectMany(name => mesh[name].Find(trace)).Order(StringComparer.Ordinal).ToArray();
        story.Show(lines);
        Story.Expect(lines.Length == 3);
    }

    public async Task RenewAsync()
    {
        story.Step("Every X509-SVID is renewed each few seconds, with a new key, while the two go on talking");
        var (before, from) = (SvidOf("service-a").Groups["serial"].Value, mesh["service-a"].Count);
        await mesh["service-a"].WaitForAsync("Have spiffe://", stopping, from);
        story.Tell("serial number of service-a", $"{before[^8..]} -> {SvidOf("service-a").Groups["serial"].Value[^8..]}");
        Story.Expect(before != SvidOf("service-a").Groups["serial"].Value);
        await CallAsync("service-a", "service-b");
    }

    /// <summary>Calls a service from the application next to another, and expects that each authenticates the other.</summary>
    public async Task CallAsync(string from, string to)
    {
        using var egress = mesh.Egress(from);
        var hello = (await egress.GetFromJsonAsync<Hello>($"http://{to}.{MeshProcesses.TrustDomain}/hello", stopping))!;
        story.Tell($"{from} -> {to}", $"{hello.Service} says hello to {hello.Caller}");
        Story.Expect(hello.Caller == $"spiffe://{MeshProcesses.TrustDomain}/{from}");
        Story.Expect(hello.Service == $"spiffe://{MeshProcesses.TrustDomain}/{to}");
    }

    /// <summary>Queries our DNS server for the address of a name.</summary>
    public async Task<string> AskDnsAsync(string name)
    {
        var answer = await Dns().QueryAsync(name, QueryType.A, cancellationToken: stopping);
        if (answer.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain) return "NXDOMAIN";
        return string.Join(' ', answer.Answers.ARecords().Select(static record => record.Address));
    }

    /// <summary>Returns the newest X509-SVID of a part, as it logs it.</summary>
    public Match SvidOf(string name) => SvidLine().Match(mesh[name].Find("Have spiffe://")[^1]);

    private LookupClient Dns() => new(new LookupClientOptions(mesh.Dns) { UseCache = false });

    [GeneratedRegex("Have (?<id>[^,]+), serial number (?<serial>[^,]+), issued by '(?<issuer>[^']+)'; the bundle has (?<authorities>[0-9]+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SvidLine();

    private sealed record Hello(string Caller, string Service);
}
