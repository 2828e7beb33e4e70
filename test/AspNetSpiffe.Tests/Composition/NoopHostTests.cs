using System.Diagnostics;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>A host that never listens needs no identity, no agent and no settings. One that does needs them, whatever its server.</summary>
public sealed class NoopHostTests(ITestOutputHelper output) : MeshTest(output)
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    [Fact, Trait("Trial", "K-07")]
    public async Task A_build_writes_the_OpenAPI_document_without_an_agent()
    {
        var folder = Directory.CreateTempSubdirectory("spiffe-openapi-").FullName;
        try
        {
            var build = new ProcessStartInfo("dotnet")
            {
                ArgumentList =
                {
                    "build", Repository.PathOf("test", "AspNetSpiffe.OpenApiApp"), "--no-restore", "--no-dependencies", "--configuration", Configuration, "-nodeReuse:false",
                    "-p:OpenApiGenerateDocumentsOnBuild=true", $"-p:OpenApiDocumentsDirectory={folder}", $"-p:_OpenApiDocumentsCache={Path.Combine(folder, "files")}",
                },
                Environment = { ["SPIFFE_ENDPOINT_SOCKET"] = null, ["UseSharedCompilation"] = "false" },
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(build)!;
            var text = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, text);

            using var document = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "AspNetSpiffe.OpenApiApp.json")));
            Assert.True(document.RootElement.GetProperty("paths").TryGetProperty("/report", out _));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory, Trait("Trial", "K-07"), Trait("Spec", "CF-10")]
    [InlineData(null)]
    [InlineData("unix:///nowhere/agent.sock")]
    [InlineData("nonsense")]
    public async Task A_host_whose_server_does_nothing_starts_without_an_agent(string? address)
    {
        var builder = ServerBuilder(address);
        builder.Services.AddSingleton<IServer, NoopServer>();
        var app = Keep(builder.Build());
        await app.StartAsync(Timeout);
        Assert.DoesNotContain(Logs.All, record => record.Category.StartsWith("AspNetSpiffe", StringComparison.Ordinal));
        await app.StopAsync(Timeout);
    }

    [Fact, Trait("Trial", "K-07")]
    public async Task A_host_that_is_built_and_never_started_needs_nothing()
    {
        var app = Keep(ServerBuilder(null).Build());
        app.MapGet("/report", (HttpContext http) => $"{http.GetSpiffeId()}").RequireAuthorization("spiffe://example.org/client");
        await app.DisposeAsync();
        Assert.DoesNotContain(Logs.All, record => record.Category.StartsWith("AspNetSpiffe", StringComparison.Ordinal));
    }

    [Fact, Trait("Trial", "K-07")]
    public async Task A_host_with_a_server_of_its_own_waits_for_an_identity()
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("HostedServiceStartupFaulted");
        var builder = ServerBuilder("unix:///nowhere/agent.sock");
        builder.Services.AddSingleton<IServer, QueueServer>();
        var time = new ManualTime();
        builder.Services.AddSingleton<TimeProvider>(time);
        var starting = StartAsync(builder);
        await WaitForAsync("AgentUnavailable", Timeout);
        Assert.False(starting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
    }

    private WebApplicationBuilder ServerBuilder(string? address)
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", "replaced"));
        builder.Configuration["Spiffe:EndpointSocket"] = address;
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("https://orders.example.org"));
        builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders").AddSpiffeJwt("orders");
        return builder;
    }

    private class NoopServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken) where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose() => GC.SuppressFinalize(this);
    }

    /// <summary>Such as one whose requests come from a queue: it has no addresses either.</summary>
    private sealed class QueueServer : NoopServer;
}
