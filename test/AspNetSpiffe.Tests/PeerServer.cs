using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests;

/// <summary>Kestrel without TLS, whose connections have the peer that the test says: what a handshake would have left behind.</summary>
internal sealed class PeerServer : IAsyncDisposable, ISpiffePeerFeature
{
    private readonly WebApplication _app;

    private PeerServer(WebApplication app, ManualTime time, LogRecords logs)
    {
        (_app, Time, Logs) = (app, time, logs);
        Http1 = new() { DefaultRequestVersion = HttpVersion.Version11 };
        Http2 = new() { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    /// <summary>Gets or sets who is at the other end of all connections.</summary>
    public SpiffePeer? Peer { get; set; }

    public ManualTime Time { get; }

    public LogRecords Logs { get; }

    public HttpClient Http1 { get; }

    public HttpClient Http2 { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<PeerServer> StartWithAsync(Action<WebApplicationBuilder> configure, Action<WebApplication> map, SpiffePeer? peer = null, string environment = "Production")
    {
        PeerServer? server = null;
        var (time, logs) = (new ManualTime(), new LogRecords());
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (var protocols in new[] { HttpProtocols.Http1, HttpProtocols.Http2 })
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = protocols;
                    listen.Use(next => connection =>
                    {
                        connection.Features.Set<ISpiffePeerFeature>(server);
                        return next(connection);
                    });
                });
        });

        configure(builder);
        var app = builder.Build();
        map(app);
        server = new(app, time, logs) { Peer = peer };
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        (server.Http1.BaseAddress, server.Http2.BaseAddress) = (new(addresses[0]), new(addresses[1]));
        return server;
    }

    public static Task<PeerServer> StartAsync(Action<WebApplication> map, SpiffePeer? peer = null, string environment = "Production") =>
        StartWithAsync(builder => builder.Services.AddSpiffeServerSecurity(), map, peer, environment);

    public async Task<(HttpStatusCode Status, string Body)> GetAsync(string path)
    {
        using var response = await Http1.GetAsync(path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<HttpStatusCode> StatusAsync(string path) => (await GetAsync(path)).Status;

    public async ValueTask DisposeAsync()
    {
        Http1.Dispose();
        Http2.Dispose();
        await _app.DisposeAsync();
    }
}
