using System.Security.Cryptography;
using AspNetSpiffe.TestKit;
using Grpc.Net.Client;
using Mesh;
using Mesh.Authorities;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.MeshTests;

/// <summary>A running authority, its operator, and workloads that it enrols.</summary>
public abstract class AuthorityTest(ITestOutputHelper output) : ProgramTest(output)
{
    private protected static readonly TrustDomain TrustDomain = TrustDomain.Parse("example.org");

    // What the platform of a test measures: its own program.
    private protected static readonly string Program = typeof(AuthorityTest).Assembly.Location;

    private protected WebApplication App { get; private set; } = null!;

    private protected OperatorClient Operator { get; private set; } = null!;

    private protected string Address => App.Urls.Single(static url => url.StartsWith("https:", StringComparison.Ordinal));

    public override async ValueTask InitializeAsync()
    {
        var options = new AuthorityOptions
        {
            TrustDomain = TrustDomain,
            Listen = new(System.Net.IPAddress.Loopback, 0),
            Folder = FolderOf("authority"),
            SvidLifetime = TimeSpan.FromMinutes(5),
            RenewAfter = TimeSpan.FromSeconds(1),
            Logging = logging => logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs),
        };
        App = Stopping(AuthorityHost.Build(options));
        await App.StartAsync(Patience);
        Operator = new(options.OperatorSocket);
    }

    private protected string FolderOf(string part) => Path.Combine(Folder, part);

    /// <summary>Enrols a workload, and starts its source.</summary>
    private protected async Task<X509Source> StartWorkloadAsync(string name)
    {
        await Operator.EnrollAsync($"/{name}", FolderOf(name), Program, Patience);
        return await StartSourceAsync(name);
    }

    private protected async Task<X509Source> StartSourceAsync(string name)
    {
        var identity = new MeshIdentity(new() { TrustDomain = TrustDomain, Authority = Address, Folder = new(FolderOf(name)), Program = Program }, Loggers);
        return Stopping(await X509Source.StartAsync(new SpiffeOptions { Provider = identity.WatchAsync }, Loggers, Patience));
    }

    /// <summary>Opens a channel to the authority, with the bundle of its operator, for who knows no more.</summary>
    private protected async Task<Mesh.Authority.AuthorityClient> CallAsync()
    {
        var bundle = new X509BundleSet([App.Services.GetRequiredService<SigningAuthorities>().Bundle]);
        var bundles = Stopping(await X509BundleSource.StartAsync(new SpiffeOptions { Files = { FederatedBundles = { ["example.org"] = await WriteAsync(bundle) } } }, Loggers, Patience));
        var channel = GrpcChannel.ForAddress(Address, new() { HttpHandler = SpiffeHttpHandler.CreateTls(bundles, SpiffeIdPattern.Parse("spiffe://example.org/authority")), DisposeHttpClient = true });
        Stopping(new Disposing(channel));
        return new(channel);
    }

    private async Task<string> WriteAsync(X509BundleSet bundles)
    {
        var path = FolderOf("known.pem");
        await File.WriteAllTextAsync(path, bundles.Single().Authorities.Single().ExportCertificatePem(), Patience);
        return path;
    }

    protected override async ValueTask StopAsync()
    {
        Operator.Dispose();
        await base.StopAsync();
    }

    private protected static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private sealed class Disposing(IDisposable thing) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            thing.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
