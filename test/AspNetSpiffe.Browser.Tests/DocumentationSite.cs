using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Browser.Tests;

/// <summary>artifacts/site, served on a free port. CI has made it before the tests; where nobody has, it is made here.</summary>
public sealed class DocumentationSite : IAsyncLifetime
{
    private WebApplication? _server;

    /// <summary>Gets the address of the start page.</summary>
    public string Address => _server!.Urls.Single() + "/";

    public async ValueTask InitializeAsync()
    {
        var folder = Repository.PathOf("artifacts", "site");
        if (!File.Exists(Path.Combine(folder, "index.html")))
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(7));
            var made = await OutsideProgram.RunAsync(Repository.PathOf("build", "site"), [], "", patience.Token);
            Assert.True(made.ExitCode == 0, made.All);
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection([new("urls", "http://127.0.0.1:0")]);
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.UseFileServer(new FileServerOptions { FileProvider = new PhysicalFileProvider(folder), StaticFileOptions = { ServeUnknownFileTypes = true } });
        await _server.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
