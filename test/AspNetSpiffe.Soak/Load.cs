using System.Net;
using System.Net.Security;

namespace AspNetSpiffe.Soak;

/// <summary>Who calls the server, how often, and by what right: about a hundred requests a second in all.</summary>
internal sealed class Load : IDisposable
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan Sometimes = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Rarely = TimeSpan.FromMilliseconds(500);

    private readonly Right _always = new(isAllowed: true);
    private readonly Right _never = new(isAllowed: false);
    private readonly Mesh _mesh;
    private readonly List<HttpClient> _clients = [];
    private readonly List<Caller> _callers = [];
    private readonly List<Keeper> _keepers = [];
    private readonly DevCertificateAuthority _forger = new(TrustDomain.Parse("example.org"));

    public Load(Mesh mesh)
    {
        _mesh = mesh;
        AddMember("one", _always, HttpVersion.Version11);
        AddMember("two", _always, HttpVersion.Version20);
        Add("partner", Partner, Sometimes, Client("partner"), HttpVersion.Version20);
        Add("guest", Guest, Sometimes, Client("guest"), HttpVersion.Version11);
        Add("revoked", Revoked, Sometimes, Client("revoked"), HttpVersion.Version20);
        AddKeeper(HttpMethod.Get, HttpVersion.Version11);
        AddKeeper(HttpMethod.Post, HttpVersion.Version20);

        Add("intruder", _never, Rarely, Client("intruder"), HttpVersion.Version20);
        Add("misdirected", _never, Rarely, Client("one", "spiffe://example.org/another"), HttpVersion.Version11);
        var forged = Forge("spiffe://example.org/clients/one");
        AddStranger("forger", () => forged);
        AddStranger("nobody", static () => null);
        AddStranger("ghost", () => OfRevokedAuthority);
    }

    /// <summary>The right of the federated client.</summary>
    public Right Partner { get; } = new(isAllowed: true);

    /// <summary>The right of the client whom the server's configuration allows, or not.</summary>
    public Right Guest { get; } = new(isAllowed: true);

    /// <summary>The right of the client whose identity the agent takes back.</summary>
    public Right Revoked { get; } = new(isAllowed: true);

    /// <summary>An SVID of the last CA that was revoked: shown from then on by a client that must be refused.</summary>
    public SslStreamCertificateContext? OfRevokedAuthority { get; set; }

    /// <summary>How many connections the clients had that keep theirs past the renewal of their SVIDs.</summary>
    public int KeptConnections => _keepers.Sum(static k => k.Connections);

    public Task RunAsync(Ledger ledger, CancellationToken stopping) => Task.WhenAll(_callers.Select(c => c.RunAsync(ledger, stopping)));

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
        foreach (var keeper in _keepers) keeper.Dispose();
        _forger.Dispose();
    }

    private void AddMember(string name, Right right, Version version)
    {
        var client = Client(name);
        Add(name, right, Often, client, version);
        Add(name, right, TimeSpan.FromSeconds(2), client, version, "/stream");
    }

    private void Add(string name, Right right, TimeSpan every, HttpClient client, Version version, string path = "/")
    {
        var id = name == "misdirected" ? "" : _mesh.SourceOf(name).Current!.DefaultSvid.Id.ToString();
        _callers.Add(new($"{name} (HTTP/{version} {path})", right, every, ct => SendAsync(client, HttpMethod.Get, version, path, ct), id));
    }

    /// <summary>A client of the framework that never leaves by itself: it must be asked to before its SVID expires, and see no refusal.</summary>
    private void AddKeeper(HttpMethod method, Version version)
    {
        var id = SpiffeId.Parse($"spiffe://neighbour/clients/{method.Method.ToLowerInvariant()}");
        var keeper = new Keeper(_mesh.Neighbour, id, _mesh.Address);
        _keepers.Add(keeper);
        _callers.Add(new($"keeper (HTTP/{version} {method})", _always, Often, ct => keeper.AskAsync(client => SendAsync(client, method, version, "/", ct)), id.ToString(), patient: true));
    }

    /// <summary>A client of the framework, which must be refused at every new handshake.</summary>
    private void AddStranger(string name, Func<SslStreamCertificateContext?> shown) => _callers.Add(new(name, _never, Rarely, async ct =>
    {
        await using var connection = await RawConnection.OpenAsync(_mesh.Address, shown(), "/", ct);
        return "";
    }, ""));

    private HttpClient Client(string workload, string expected = Server.Id)
    {
        var handler = SpiffeHttpHandler.Create(_mesh.SourceOf(workload), SpiffeIdPattern.Parse(expected));
        var client = new HttpClient(handler) { BaseAddress = _mesh.Address };
        _clients.Add(client);
        return client;
    }

    private SslStreamCertificateContext Forge(string id)
    {
        var leaf = _forger.IssueX509Svid(SpiffeId.Parse(id), TimeSpan.FromDays(1));
        return SslStreamCertificateContext.Create(leaf, [_forger.Intermediate], offline: true);
    }

    private static async Task<string> SendAsync(HttpClient client, HttpMethod method, Version version, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }
}
