using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Files;

/// <summary>A server and clients whose identities are files that somebody replaces, while requests go on.</summary>
public sealed class FileRotationTests(ITestOutputHelper output) : MeshTest(output)
{
    // In each of three ways: a thousand in all.
    private const int Rotations = 334;

    private readonly TestPki _pki = new("example.org", intermediates: 1);
    private readonly SvidFolder _folder = new();

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("in place")]
    [InlineData("renamed")]
    [InlineData("link swapped")]
    public async Task No_request_fails_while_a_thousand_SVIDs_follow_one_another(string how)
    {
        // Looked at every two milliseconds, files that are written by half seem to stay so.
        AllowWarning("UpdateRefused");
        Replace(how);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().AddProvider(Logs);
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.WebHost.UseSpiffeMtls().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps()));
        builder.Services.AddSpiffe(UseFiles);
        var app = await StartAsync(builder);
        var source = app.Services.GetRequiredService<X509Source>();
        await using var ofClient = await X509Source.StartAsync(Options(), Loggers, Timeout);

        using var stopping = new CancellationTokenSource();
        using var kept = new HttpClient(SpiffeHttpHandler.Create(ofClient, SpiffeIdPattern.Parse("spiffe://example.org/**"))) { BaseAddress = AddressOf(app) };
        var served = new int[2];
        var load = Task.WhenAll(CallAsync(kept, isNew: false), CallAsync(kept, isNew: true));
        for (var rotation = 0; rotation < Rotations && !load.IsCompleted; rotation++)
        {
            var changed = source.GetChangeToken().ChangedAsync(Timeout);
            Replace(how);
            await changed;
        }

        await stopping.CancelAsync();
        await load;
        Assert.All(served, count => Assert.InRange(count, 100, int.MaxValue));
        await WaitForAsync("SvidRenewed", Timeout, Rotations);

        async Task CallAsync(HttpClient client, bool isNew)
        {
            while (!stopping.IsCancellationRequested)
            {
                using var once = isNew ? new HttpClient(SpiffeHttpHandler.Create(ofClient, SpiffeIdPattern.Parse("spiffe://example.org/**"))) { BaseAddress = AddressOf(app) } : null;
                Assert.Equal("spiffe://example.org/workload", await (once ?? client).GetStringAsync("/", Timeout));
                served[isNew ? 1 : 0]++;
            }
        }
    }

    private SpiffeOptions Options()
    {
        var options = new SpiffeOptions();
        UseFiles(options);
        return options;
    }

    private void UseFiles(SpiffeOptions options)
    {
        (options.Files.Layout, options.Files.Directory) = (SpiffeFileLayout.CertManager, _folder.Root);
        options.Files.Interval = TimeSpan.FromMilliseconds(2);
    }

    private void Replace(string how)
    {
        var svid = _pki.Leaf("/workload");
        (string Name, string Content)[] files = [("tls.crt", SvidFolder.ChainOf(svid)), ("tls.key", SvidFolder.KeyOf(svid)), ("ca.crt", SvidFolder.Pem(_pki.Root.Certificate))];
        if (how == "link swapped") _folder.Swap(files);
        else foreach (var (name, content) in files)
        {
            if (how == "renamed") _folder.Replace(name, content);
            else _folder.Write(name, content);
        }
    }
}
