using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Soak;

/// <summary>All that runs: the authorities of two trust domains, the agent process between them and the workloads, a server, and a source for each client.</summary>
internal sealed class Mesh : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Clients = new()
    {
        ["one"] = "/clients/one",
        ["two"] = "/clients/two",
        ["revoked"] = "/clients/revoked",
        ["guest"] = "/guests/guest",
        ["intruder"] = "/strangers/intruder",
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("spiffe-soak-").FullName;
    private readonly Stack<IAsyncDisposable> _running = new();
    private readonly Dictionary<string, X509Source> _sources = [];
    private readonly ForeignCode _foreign;
    private readonly ErrorLog _errors;
    private readonly LoggerFactory _loggers;
    private readonly Random? _files;

    private Mesh(Ledger ledger, ForeignCode foreign, Random? files)
    {
        (_foreign, _files) = (foreign, files);
        _errors = new(ledger, foreign, badFiles: files is not null);

        // The one that misbehaves is asked first.
        _loggers = new([foreign, _errors]);
    }

    public DevAgent Authority { get; private set; } = null!;

    public DevAgent Partner { get; private set; } = null!;

    /// <summary>The CA of a third trust domain, whose SVIDs need no agent.</summary>
    public DevCertificateAuthority Neighbour { get; } = new(TrustDomain.Parse("neighbour"));

    public AgentProcess Agent { get; private set; } = null!;

    /// <summary>Gets who writes the server's identity to files, if it has it from there.</summary>
    public FileWriter? Files { get; private set; }

    public WebApplication Server { get; private set; } = null!;

    public Uri Address => new(Server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public X509Source ServerSource => Server.Services.GetRequiredService<X509Source>();

    public TimeSpan BlockedClose => _foreign.BlockedClose;

    /// <summary>The sources of all workloads.</summary>
    public IEnumerable<X509Source> Sources => [ServerSource, .. _sources.Values];

    /// <param name="ledger">Where broken promises are noted.</param>
    /// <param name="foreign">Code that misbehaves.</param>
    /// <param name="files">Says how the files of the server's identity are written; <see langword="null"/> where it has it from the agent.</param>
    public static async Task<Mesh> StartAsync(Ledger ledger, ForeignCode foreign, Random? files)
    {
        var mesh = new Mesh(ledger, foreign, files);
        try
        {
            await mesh.StartAsync();
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    public X509Source SourceOf(string workload) => _sources[workload];

    /// <summary>Lets the two trust domains know each other, with the authorities that they have now.</summary>
    public void Federate()
    {
        Authority.AddFederatedBundle(Partner);
        Partner.AddFederatedBundle(Authority);
    }

    public void RotateAll()
    {
        Authority.Rotate();
        Partner.Rotate();
    }

    public T Keep<T>(T running) where T : IAsyncDisposable
    {
        _running.Push(running);
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        Files?.Dispose();
        foreach (var running in _running) await running.DisposeAsync();
        _loggers.Dispose();
        Neighbour.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync()
    {
        var options = NewOptions("example.org").AddWorkload("server", "/server");
        foreach (var (client, path) in Clients) options.AddWorkload(client, path);
        Authority = Keep(await DevAgent.StartAsync(options));
        Partner = Keep(await DevAgent.StartAsync(NewOptions("partner").AddWorkload("partner", "/clients/partner")));
        Federate();
        Authority.AddFederatedBundle(Neighbour);

        var agentFolder = Directory.CreateDirectory(Path.Combine(_folder, "agent")).FullName;
        Agent = Keep(new AgentProcess(agentFolder, [.. Authority.Addresses.Values.Concat(Partner.Addresses.Values).Select(static a => a["unix://".Length..])]));
        await Agent.StartAsync();

        if (_files is not null) Files = new(Directory.CreateDirectory(Path.Combine(_folder, "files")).FullName, Keep(await StartSourceAsync("server")), _files);
        Server = Keep(await Soak.Server.StartAsync(Files?.Settings ?? [new("Spiffe:EndpointSocket", Agent.AddressOf("server"))], _foreign, _errors));
        foreach (var client in (string[])[.. Clients.Keys, "partner"]) _sources[client] = Keep(await StartSourceAsync(client));
        foreach (var source in Sources) _foreign.Subscribe(source);
    }

    private Task<X509Source> StartSourceAsync(string workload) => X509Source.StartAsync(
        new SpiffeOptions { EndpointSocket = Agent.AddressOf(workload), WithdrawalDelay = TimeSpan.FromSeconds(0.5) }, _loggers);

    private DevAgentOptions NewOptions(string trustDomain) => new()
    {
        TrustDomain = TrustDomain.Parse(trustDomain),
        Directory = Path.Combine(_folder, trustDomain),
        SvidLifetime = TimeSpan.FromHours(1),
    };
}
