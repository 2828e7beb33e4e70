using System.Net;
using System.Net.Sockets;
using Mesh.Authorities;

namespace Mesh.Demo;

/// <summary>The parts of the mesh, each a separate process, and a folder that is removed at the end.</summary>
internal sealed class MeshProcesses(CancellationToken stopping) : IAsyncDisposable
{
    public const string TrustDomain = "example.org";

    // Short times, so that renewals and the end of a lease can be observed.
    private const string SvidLifetime = "20";
    private const string RenewAfter = "3";
    private const string Lease = "3";

    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-").FullName;
    private readonly Dictionary<string, Part> _parts = [];

    public OperatorClient Operator { get; private set; } = null!;

    public string AuthorityAddress { get; private set; } = "";

    public string RegistryAddress { get; private set; } = "";

    public IPEndPoint Dns { get; private set; } = null!;

    public IReadOnlyCollection<string> Names => _parts.Keys;

    private string RouterSocket => FolderOf("router.sock");

    public Part this[string name] => _parts[name];

    public string FolderOf(string name) => Path.Combine(_folder, name);

    public async Task StartAuthorityAsync()
    {
        var authority = Add("authority", Part.Start("authority", "authority", "--data", FolderOf("authority"), "--listen", "127.0.0.1:0", "--svid-lifetime", SvidLifetime, "--renew-after", RenewAfter));
        AuthorityAddress = AddressIn(await authority.WaitForAsync("listening: https:", stopping));
        Operator = new(Path.Combine(FolderOf("authority"), AuthorityOptions.OperatorSocketName));
    }

    /// <summary>Enrols a workload with its program.</summary>
    public Task EnrollAsync(string name, string program) => Operator.EnrollAsync($"/{name}", FolderOf(name), program, stopping);

    public async Task StartRegistryAsync()
    {
        var registry = Add("registry", Part.Start("registry", "registry", "--bind", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--data", FolderOf("registry"), "--authority-addr", AuthorityAddress));
        var listening = await registry.WaitForAsync("listening: https://", stopping);
        RegistryAddress = AddressIn(listening);
        Dns = IPEndPoint.Parse(listening[(listening.LastIndexOf("dns: ", StringComparison.Ordinal) + 5)..]);
    }

    /// <summary>Starts a service and waits until it is registered.</summary>
    /// <returns>Its port.</returns>
    public async Task<int> StartServiceAsync(string name, string ip, int port)
    {
        var service = Add(name, Part.Start(
            name, "service", "--data", FolderOf(name), "--authority-addr", AuthorityAddress, "--sni", $"{name}.{TrustDomain}", "--bind-ip", ip, "--port", $"{port}", "--proxy-port", "0",
            "--egress-socket", EgressOf(name), "--router", $"unix:{RouterSocket}", "--registry-addr", RegistryAddress, "--lease", Lease));
        var listening = await service.WaitForAsync("listening: https://", stopping);
        await service.WaitForAsync("Registered", stopping);
        return new Uri(AddressIn(listening)).Port;
    }

    /// <summary>Starts the router. It forwards each name to its address in DNS, and to the port of our services.</summary>
    /// <param name="port">The port of the services.</param>
    /// <param name="alwaysTo">The target of all names, to simulate a wrong router.</param>
    public async Task StartRouterAsync(int port, string? alwaysTo = null)
    {
        File.Delete(RouterSocket);
        var configuration = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Router", "nginx.conf"), stopping))
            .Replace("listen 127.0.0.1:8443", $"listen unix:{RouterSocket}", StringComparison.Ordinal)
            .Replace("127.0.0.1:10053", $"{Dns}", StringComparison.Ordinal)
            .Replace("$service:9005", $"{alwaysTo ?? "$service"}:{port}", StringComparison.Ordinal);
        var file = FolderOf("nginx.conf");
        await File.WriteAllTextAsync(file, configuration, stopping);

        // A single process, so that no worker outlives this one.
        var router = Add("router", Part.StartOther("router", "/usr/sbin/nginx", "-p", _folder, "-c", file, "-e", "stderr", "-g", "master_process off;"));
        await router.WaitForAsync("getrlimit", stopping);
    }

    public async Task StopRouterAsync()
    {
        await this["router"].DisposeAsync();
        _parts.Remove("router");
    }

    /// <summary>Creates a client for an application next to a service: plain HTTP to the service's egress.</summary>
    public HttpClient Egress(string name) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = (_, cancellationToken) => MeshAddress.ConnectAsync(new UnixDomainSocketEndPoint(EgressOf(name)), cancellationToken),
    });

    public async ValueTask DisposeAsync()
    {
        Operator?.Dispose();
        await Task.WhenAll(_parts.Values.Select(static part => part.StopAsync()));
        foreach (var part in _parts.Values) await part.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string EgressOf(string name) => Path.Combine(FolderOf(name), "egress.sock");

    private Part Add(string name, Part part) => _parts[name] = part;

    private static string AddressIn(string line) => line[line.IndexOf("https://", StringComparison.Ordinal)..].Split(' ')[0];
}
