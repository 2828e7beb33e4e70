using System.Globalization;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Benchmarks;

/// <summary>All contenders, running: this library, what one would take instead, and the cases in which they meet.</summary>
internal sealed class LoadCases : IDisposable
{
    private const int Handshakes = 800;
    private const int Requests = 20_000;
    private const int ManyTrustDomains = 10_001;
    private const string MemoryOfBundles = "memory", FromRoot = "handshakes", Intermediate = "intermediate", Federation = "federation";
    private const string Nginx = "nginx", Haproxy = "haproxy", Baseline = "Kestrel, CertificateChainPolicy", Plain = "Kestrel, plain mutual TLS";
    private const string Go = "Go, net/http", GoPeer = "Go, the peer's ID", AddCertificate = "AddCertificate with a policy";
    private const string OneDomain = "1 federated trust domain", ManyDomains = "10,000 federated trust domains";

    private readonly List<IDisposable> _running = [];
    private readonly Dictionary<string, Server> _servers = [];
    private readonly Material _material = new();
    private readonly List<Case> _cases = [];
    private readonly int _issued;
    private readonly string[] _environment;

    // A new peer is never seen twice.
    private LoadCases(int rounds, string[] environment)
    {
        _environment = environment;
        _issued = (rounds + WarmUp.MostRounds) * Handshakes;
        _running.Add(_material);
    }

    /// <summary>Gets what there is to choose from, in the order in which it comes.</summary>
    public static IReadOnlyList<string> Names { get; } = [MemoryOfBundles, FromRoot, Intermediate, Federation, Contender.Http1, Contender.Http1 + KestrelServer.Telemetry, Contender.Http2, Contender.Http2 + KestrelServer.Telemetry];

    public IReadOnlyList<Case> All => _cases;

    /// <summary>Gets what 10,000 bundles cost the server, in a sentence.</summary>
    public string? Memory { get; private set; }

    /// <summary>Starts what some cases need, and nothing else.</summary>
    /// <param name="names">Their names; none for all.</param>
    /// <param name="rounds">How many rounds there will be.</param>
    /// <param name="environment">Variables, as NAME=VALUE: servers on Kestrel compete in handshakes with themselves, started with these.</param>
    /// <param name="only">How the names of the contenders begin that are measured beside the references; none for all.</param>
    public static async Task<LoadCases> StartAsync(string[] names, int rounds, string[] environment, string[] only)
    {
        if (names.Except(Names).FirstOrDefault() is { } unknown) throw new InvalidOperationException($"There is no case '{unknown}'; there are {string.Join(", ", Names)}.");

        var cases = new LoadCases(rounds, environment);
        foreach (var name in Names.Where(name => names is [] || names.Contains(name))) await cases.AddAsync(name);
        if (only is not []) cases.Keep(only);
        return cases;
    }

    public void Dispose()
    {
        foreach (var running in Enumerable.Reverse(_running)) running.Dispose();
    }

    private void Keep(string[] only)
    {
        for (var i = 0; i < _cases.Count; i++)
            _cases[i] = _cases[i] with { Contenders = [.. _cases[i].Contenders.Where(c => _cases[i].References.Contains(c.Name) || only.Any(name => c.Name.StartsWith(name, StringComparison.Ordinal)))] };
    }

    private async Task AddAsync(string name)
    {
        if (name.EndsWith(KestrelServer.Telemetry, StringComparison.Ordinal))
        {
            _cases.Add(RequestsOver(name[..^KestrelServer.Telemetry.Length], await SpiffeAsync(trustDomains: 2, KestrelServer.Telemetry), KestrelServer.Telemetry));
            return;
        }

        var ours = await SpiffeAsync(trustDomains: 2);
        if (name == MemoryOfBundles) Memory = CompareMemory(ours, await SpiffeAsync(ManyTrustDomains));
        else if (name == Federation) _cases.Add(FederationOf(ours, await SpiffeAsync(ManyTrustDomains)));
        else _cases.Add(name is FromRoot ? await HandshakesFromRootAsync(ours) : name is Intermediate ? await HandshakesBelowAsync(ours) : RequestsOver(name, ours));
    }

    private async Task<Case> HandshakesFromRootAsync(Server ours)
    {
        var (known, each) = (_material.IssuePeers("known", 1, intermediate: false), _material.IssuePeers("new", _issued, intermediate: false));
        var (toGo, toKestrel) = (_material.IssuePeers("new-to-go", _issued, intermediate: false), _material.IssuePeers("new-to-kestrel", _issued, intermediate: false));
        return new("full handshakes, leaf from root", Handshakes, [Baseline, Nginx],
        [
            new(Nginx, Other(Nginx), known),
            new(Haproxy, Other(Haproxy), known),
            new($"{Go}, known peer", Other(Go), known),
            new($"{Go}, each peer new", Other(Go), toGo),
            new("Kestrel without client certificates", Kestrel(KestrelServer.Anonymous), known),
            new(Baseline, Kestrel(KestrelServer.ChainPolicy), known),
            new("Kestrel, CertificateChainPolicy, that would resume", Kestrel(KestrelServer.Resumable), known),
            new("Kestrel, a callback that builds its own chain", Kestrel(KestrelServer.OwnChain), known),
            new($"{AddCertificate}, known peer", Kestrel(KestrelServer.Certificate), known, Path: "/policy"),
            new($"{AddCertificate}, each peer new", Kestrel(KestrelServer.Certificate), toKestrel, Path: "/policy"),
            new("AspNetSpiffe, known peer", ours, known),
            new("AspNetSpiffe, each peer new", ours, each),
            new("AspNetSpiffe, that would resume, known peer", await SpiffeAsync(2, kind: KestrelServer.SpiffeResumable), known),
            .. _environment is [] ? [] : await InEnvironmentAsync(known, _material.IssuePeers("new-elsewhere", _issued, intermediate: false)),
            new(Resumed(Nginx), Find(KestrelServer.Resumable + Nginx, () => Server.Nginx(_material, resumable: true)), known, Contender.Resumed),
            new(Resumed("Kestrel"), Kestrel(KestrelServer.Resumable), known, Contender.Resumed),
            new(Resumed("AspNetSpiffe"), await SpiffeAsync(2, kind: KestrelServer.SpiffeResumable), known, Contender.Resumed),
        ]);
    }

    private async Task<Case> HandshakesBelowAsync(Server ours)
    {
        var (known, each) = (_material.IssuePeers("known-below", 1, intermediate: true), _material.IssuePeers("new-below", _issued, intermediate: true));
        var toGo = _material.IssuePeers("new-below-to-go", _issued, intermediate: true);

        // Without AddCertificate: it checks a chain once more, and is not given the intermediates that a client has sent.
        return new("full handshakes, leaf and intermediate", Handshakes, [Baseline, Nginx],
        [
            new(Nginx, Other(Nginx), known),
            new(Haproxy, Other(Haproxy), known),
            new($"{Go}, known peer", Other(Go), known),
            new($"{Go}, each peer new", Other(Go), toGo),
            new(Baseline, Kestrel(KestrelServer.ChainPolicy), known),
            new("Kestrel, a callback that builds its own chain", Kestrel(KestrelServer.OwnChain), known),
            new("AspNetSpiffe, known peer", ours, known),
            new("AspNetSpiffe, each peer new", ours, each),
            .. _environment is [] ? [] : await InEnvironmentAsync(known, _material.IssuePeers("new-below-elsewhere", _issued, intermediate: true)),
            new(Resumed("AspNetSpiffe"), await SpiffeAsync(2, kind: KestrelServer.SpiffeResumable), known, Contender.Resumed),
        ]);
    }

    // The same servers, started with other variables: another OpenSSL, another allocator.
    private async Task<Contender[]> InEnvironmentAsync(string known, string each)
    {
        var (with, ours) = ($", with {string.Join(", ", _environment)}", await SpiffeAsync(2, environment: _environment));
        var baseline = Find(KestrelServer.ChainPolicy + with, () => Server.Kestrel(KestrelServer.ChainPolicy, _material, "", _environment));
        var resumable = await SpiffeAsync(2, kind: KestrelServer.SpiffeResumable, environment: _environment);
        return
        [
            new(Baseline + with, baseline, known),
            new("AspNetSpiffe, known peer" + with, ours, known),
            new("AspNetSpiffe, each peer new" + with, ours, each),
            new("AspNetSpiffe, that would resume, known peer" + with, resumable, known),
        ];
    }

    private static string Resumed(string name) => $"{name}, resumed";

    private Case FederationOf(Server one, Server many)
    {
        var (own, federated) = (_material.IssuePeers("own", 1, intermediate: false), _material.IssueFederatedPeers("federated", 1));
        return new("full handshakes, federation", Handshakes, [$"{OneDomain}, a peer of our own"],
        [
            new($"{OneDomain}, a peer of our own", one, own),
            new($"{ManyDomains}, a peer of our own", many, own),
            new($"{OneDomain}, a peer of it", one, federated),
            new($"{ManyDomains}, a peer of one", many, federated),
        ]);
    }

    private Case RequestsOver(string protocol, Server ours, string telemetry = "")
    {
        var peer = _material.IssuePeers("asking", 1, intermediate: false);
        var certificate = Kestrel(KestrelServer.Certificate + telemetry);
        var constant = Kestrel(KestrelServer.Constant + telemetry);

        // Go has no such instrumentation in its standard library.
        var listened = telemetry.Length > 0;
        Contender[] go = listened ? [] : [new("Go, nothing asked", Other(Go), peer, protocol), new(GoPeer, Other(Go), peer, protocol, "/id")];
        return new($"requests on kept connections, {protocol}{(listened ? ", with OpenTelemetry" : "")}", Requests, listened ? [Plain] : [Plain, GoPeer],
        [
            .. go,
            new(Plain, Kestrel(KestrelServer.ChainPolicy + telemetry), peer, protocol),
            new("UseAuthentication, a constant ticket, nothing asked", constant, peer, protocol),
            new("UseAuthentication, a constant ticket, a policy", constant, peer, protocol, "/policy"),
            new("AddCertificate with its cache, nothing asked", certificate, peer, protocol),
            new("AddCertificate with its cache, a policy", certificate, peer, protocol, "/policy"),
            new("AspNetSpiffe, nothing asked", ours, peer, protocol),
            new("AspNetSpiffe, GetSpiffeId", ours, peer, protocol, "/id"),
            new("AspNetSpiffe, RequireTrustDomain", ours, peer, protocol, "/trust-domain"),
            new("AspNetSpiffe, Authorize with a policy", ours, peer, protocol, "/policy"),
        ]);
    }

    private Server Kestrel(string kind) => Find(kind, () => Server.Kestrel(kind, _material));

    private Server Other(string name) => Find(name, () => name == Nginx ? Server.Nginx(_material) : name == Haproxy ? Server.Haproxy(_material) : Server.Go(_material));

    private async Task<Server> SpiffeAsync(int trustDomains, string telemetry = "", string kind = KestrelServer.Spiffe, params string[] environment)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{kind}{telemetry}-{trustDomains} {string.Join(' ', environment)}");
        if (_servers.TryGetValue(name, out var server)) return server;

        var identity = _material.Identity(trustDomains);
        var agent = await FakeAgent.StartAsync();
        _running.Add(new Stopping(agent));
        agent.OnEachCall = a => a.Send(identity);
        return Find(name, () => Server.Kestrel(kind + telemetry, _material, agent.Address, environment));
    }

    private Server Find(string name, Func<Server> start)
    {
        if (!_servers.TryGetValue(name, out var server)) _running.Add(_servers[name] = server = start());
        return server;
    }

    private string CompareMemory(Server one, Server many)
    {
        const int More = ManyTrustDomains - 2;
        var (heap, resident) = (many.Heap - one.Heap, many.Process.ResidentBytes - one.Process.ResidentBytes);
        return FormattableString.Invariant(
            $"Each of {More + 1:N0} federated bundles, of one CA with {_material.BundleBytes} bytes of DER, takes {heap / More:N0} bytes of managed heap and {resident / More:N0} of resident memory.");
    }

    private sealed class Stopping(FakeAgent agent) : IDisposable
    {
        public void Dispose() => agent.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
