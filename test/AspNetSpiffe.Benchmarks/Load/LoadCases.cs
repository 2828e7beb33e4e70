using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>All contenders, running: this library, what one would take instead, and the cases in which they meet.</summary>
internal sealed class LoadCases : IDisposable
{
    private const int Handshakes = 800;
    private const int Requests = 20_000;
    private const int ManyTrustDomains = 10_001;
    private const string Nginx = "nginx", Baseline = "Kestrel, CertificateChainPolicy", Plain = "Kestrel, plain mutual TLS";
    private const string OneDomain = "1 federated trust domain", ManyDomains = "10,000 federated trust domains";

    private readonly List<IDisposable> _running = [];
    private readonly Material _material;
    private readonly string _known, _new, _knownBelow, _newBelow, _federated;

    private LoadCases(Material material, int rounds)
    {
        // A new peer is never seen twice.
        var issued = (rounds + LoadRun.WarmUp) * Handshakes;
        _running.Add(_material = material);
        (_known, _new) = (material.IssuePeers("known", 1, intermediate: false), material.IssuePeers("new", issued, intermediate: false));
        (_knownBelow, _newBelow) = (material.IssuePeers("known-below", 1, intermediate: true), material.IssuePeers("new-below", issued, intermediate: true));
        _federated = material.IssueFederatedPeers("federated", 1);
    }

    public Case[] All { get; private set; } = [];

    /// <summary>Gets what 10,000 bundles cost the server, in a sentence.</summary>
    public string Memory { get; private set; } = "";

    public static async Task<LoadCases> StartAsync(int rounds, bool onlyRequests)
    {
        var cases = new LoadCases(new Material(), rounds);
        var ours = await cases.StartSpiffeAsync(trustDomains: 2);
        var baseline = cases.Keep(Server.Kestrel(KestrelServer.ChainPolicy, cases._material));
        cases.All = [cases.RequestsOver(Contender.Http1, ours, baseline), cases.RequestsOver(Contender.Http2, ours, baseline)];
        if (onlyRequests) return cases;

        var many = await cases.StartSpiffeAsync(ManyTrustDomains);
        cases.Memory = cases.CompareMemory(ours, many);
        cases.All = [.. cases.HandshakesOf(ours, baseline), cases.Federation(ours, many), .. cases.All];
        return cases;
    }

    public void Dispose()
    {
        foreach (var running in Enumerable.Reverse(_running)) running.Dispose();
    }

    private Case[] HandshakesOf(Server ours, Server baseline)
    {
        var ownChain = Keep(Server.Kestrel(KestrelServer.OwnChain, _material));
        var anonymous = Keep(Server.Kestrel(KestrelServer.Anonymous, _material));
        var (nginx, haproxy) = (Keep(Server.Nginx(_material)), Keep(Server.Haproxy(_material)));
        return
        [
            new("full handshakes, leaf from root", Handshakes, [Baseline, Nginx],
            [
                new(Nginx, nginx, _known),
                new("haproxy", haproxy, _known),
                new("Kestrel without client certificates", anonymous, _known),
                new(Baseline, baseline, _known),
                new("Kestrel, a callback that builds its own chain", ownChain, _known),
                new("AspNetSpiffe, known peer", ours, _known),
                new("AspNetSpiffe, each peer new", ours, _new),
            ]),
            new("full handshakes, leaf and intermediate", Handshakes, [Baseline, Nginx],
            [
                new(Nginx, nginx, _knownBelow),
                new("haproxy", haproxy, _knownBelow),
                new(Baseline, baseline, _knownBelow),
                new("Kestrel, a callback that builds its own chain", ownChain, _knownBelow),
                new("AspNetSpiffe, known peer", ours, _knownBelow),
                new("AspNetSpiffe, each peer new", ours, _newBelow),
            ]),
        ];
    }

    private Case Federation(Server one, Server many) => new("full handshakes, federation", Handshakes, [$"{OneDomain}, a peer of our own"],
    [
        new($"{OneDomain}, a peer of our own", one, _known),
        new($"{ManyDomains}, a peer of our own", many, _known),
        new($"{OneDomain}, a peer of it", one, _federated),
        new($"{ManyDomains}, a peer of one", many, _federated),
    ]);

    private Case RequestsOver(string protocol, Server ours, Server baseline) => new($"requests on kept connections, {protocol}", Requests, [Plain],
    [
        new(Plain, baseline, _known, protocol),
        new("AspNetSpiffe, nothing asked", ours, _known, protocol),
        new("AspNetSpiffe, GetSpiffeId", ours, _known, protocol, "/id"),
        new("AspNetSpiffe, RequireTrustDomain", ours, _known, protocol, "/trust-domain"),
        new("AspNetSpiffe, Authorize with a policy", ours, _known, protocol, "/policy"),
    ]);

    private async Task<Server> StartSpiffeAsync(int trustDomains)
    {
        var identity = _material.Identity(trustDomains);
        var agent = await FakeAgent.StartAsync();
        _running.Add(new Stopping(agent));
        agent.OnEachCall = a => a.Send(identity);
        return Keep(Server.Kestrel(KestrelServer.Spiffe, _material, agent.Address));
    }

    private string CompareMemory(Server one, Server many)
    {
        const int More = ManyTrustDomains - 2;
        var (heap, resident) = (many.Heap - one.Heap, many.Process.ResidentBytes - one.Process.ResidentBytes);
        return FormattableString.Invariant(
            $"Each of {More + 1:N0} federated bundles, of one CA with {_material.BundleBytes} bytes of DER, takes {heap / More:N0} bytes of managed heap and {resident / More:N0} of resident memory.");
    }

    private Server Keep(Server server)
    {
        _running.Add(server);
        return server;
    }

    private sealed class Stopping(FakeAgent agent) : IDisposable
    {
        public void Dispose() => agent.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
