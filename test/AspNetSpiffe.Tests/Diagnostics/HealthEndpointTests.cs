using System.Diagnostics.Metrics;
using System.Net;
using AspNetSpiffe.TestKit;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>Probes, as docs/operations.md shows them: on a plain http port, beside a fallback policy; and the health service of gRPC over mutual TLS.</summary>
public sealed class HealthEndpointTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact]
    public async Task Probes_on_a_plain_port_need_no_identity_and_everything_else_on_it_does()
    {
        var server = await StartWithProbesAsync();
        using var probe = new HttpClient { BaseAddress = AddressOf(server, "http") };
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync(probe, "/healthz/live"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync(probe, "/healthz/ready"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(probe, "/work")).Status);

        using var caller = await ClientAsync(server);
        Assert.Equal("done", await GetAsync(caller, path: "/work"));
    }

    [Fact]
    public async Task A_service_whose_agent_is_gone_stays_ready_and_says_degraded_until_it_has_no_identity()
    {
        AllowWarning("AgentUnavailable");
        AllowWarning("HealthCheckEnd");
        var server = await StartWithProbesAsync();
        using var readings = new MeterReadings(server.Services.GetRequiredService<IMeterFactory>());
        using var probe = new HttpClient { BaseAddress = AddressOf(server, "http") };
        await Agent.DisposeAsync();
        await readings.WaitForAsync("spiffe.watch.failures", 1, Timeout);
        Assert.Equal((HttpStatusCode.OK, "Degraded"), await AskAsync(probe, "/healthz/ready"));

        server.Services.GetRequiredService<X509Source>().Withdraw();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await AskAsync(probe, "/healthz/ready"));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await AskAsync(probe, "/healthz/live"));
    }

    [Fact]
    public async Task The_health_service_of_gRPC_has_the_checks()
    {
        AllowWarning("HealthCheckEnd");
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddGrpc();
        // <services>
        builder.Services.AddGrpcHealthChecks(options => options.Services.Map("", check => check.Tags.Contains("ready"))).AddSpiffe(tags: ["ready"]);
        // </services>
        var server = await StartAsync(builder, app =>
        {
            // <endpoint>
            app.MapGrpcHealthChecksService();
            // </endpoint>
        });

        using var channel = GrpcChannel.ForAddress(AddressOf(server), new() { HttpHandler = SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)), DisposeHttpClient = true });
        var health = new Health.HealthClient(channel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new(), cancellationToken: Timeout)).Status);
        server.Services.GetRequiredService<X509Source>().Withdraw();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await health.CheckAsync(new(), cancellationToken: Timeout)).Status);
    }

    private async Task<WebApplication> StartWithProbesAsync()
    {
        var builder = Builder(("Kestrel:Endpoints:Service:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:Probes:Url", "http://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        builder.Services.AddHealthChecks().AddSpiffe(tags: ["ready"]);
        return await StartAsync(builder, app =>
        {
            app.MapHealthChecks("/healthz/live", new() { Predicate = static _ => false }).AllowAnonymous();
            app.MapHealthChecks("/healthz/ready", new() { Predicate = static check => check.Tags.Contains("ready") }).AllowAnonymous();
            app.MapGet("/work", () => "done");
        });
    }

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative), Timeout);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Timeout));
    }
}
