using System.Collections.Concurrent;
using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A test with servers that record each Authorization header that reaches them, and clients that add tokens.</summary>
public abstract class BearerTest(ITestOutputHelper output) : MeshTest(output)
{
    protected const string Audience = "spiffe://example.org/orders";

    /// <summary>What arrived at any server: the path, and the header as it was sent.</summary>
    protected ConcurrentQueue<(string Path, string Authorization)> Arrived { get; } = new();

    protected JwtSource Tokens(string workload = "client", Action<SpiffeOptions>? change = null)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.AddressOf(workload) };
        change?.Invoke(options);
        return Keep(new JwtSource(options, Loggers));
    }

    /// <summary>Starts a server without SPIFFE: <c>/to?where</c> redirects, <c>/no</c> answers 401, <c>/abort</c> breaks the first connection, all else is fine.</summary>
    protected async Task<WebApplication> StartPlainAsync(string scheme)
    {
        var builder = Builder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (scheme == "https") listen.UseHttps(new TestPki().Leaf().Leaf);
        }));
        var app = Keep(builder.Build());
        Record(app);
        await app.StartAsync(Timeout);
        return app;
    }

    protected void Record(WebApplication app) => app.Run(http =>
    {
        Arrived.Enqueue((http.Request.Path, http.Request.Headers.Authorization.ToString()));
        if (http.Request.Path == "/to")
        {
            http.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            http.Response.Headers.Location = http.Request.QueryString.Value![1..];
        }
        else if (http.Request.Path == "/no")
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (http.Request.Path == "/abort" && Arrived.Count(a => a.Path == "/abort") == 1)
        {
            http.Abort();
        }

        return Task.CompletedTask;
    });

    protected static Uri UrlOf(WebApplication server) => new(server.Urls.Single());

    /// <summary>A client of one server, whose handler adds tokens to what goes through <paramref name="inner"/>.</summary>
    protected HttpClient Bearer(WebApplication server, bool allowInsecureHttp = false, HttpMessageHandler? inner = null, JwtSource? source = null) =>
        Client(UrlOf(server), new JwtSvidHandler(source ?? Tokens(), Audience, new() { AllowInsecureHttp = allowInsecureHttp }) { InnerHandler = inner ?? AnyServer() });

    /// <summary>Starts a host with clients made by the factory.</summary>
    protected async Task<IHttpClientFactory> StartClientsAsync(Action<IServiceCollection> add, string? socket = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration["Spiffe:EndpointSocket"] = socket ?? Agent.AddressOf("client");
        builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        add(builder.Services);
        var host = builder.Build();
        Keep((IAsyncDisposable)host);
        await host.StartAsync(Timeout);
        return host.Services.GetRequiredService<IHttpClientFactory>();
    }

    /// <summary>Takes the token out of the one request that arrived, and lets the agent say whose it is.</summary>
    protected async Task<SpiffeId> CallerAsync()
    {
        var (_, authorization) = Assert.Single(Arrived);
        Assert.StartsWith("Bearer ", authorization, StringComparison.Ordinal);
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(Agent.AddressOf("server")));
        return (await client.ValidateJwtSvidAsync(Audience, authorization["Bearer ".Length..], Timeout)).Id;
    }

    protected async Task<HttpStatusCode> CallAsync(HttpClient client, string path = "/", string version = "1.1")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var response = await client.SendAsync(request, Timeout);
        return response.StatusCode;
    }
}
