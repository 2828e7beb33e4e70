using AspNetSpiffe;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Company.SpiffeWorker1.Tests;

public sealed class WorkerTests
{
    [Fact]
    public async Task The_worker_calls_the_service_as_itself()
    {
        var stopping = TestContext.Current.CancellationToken;
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions().AddWorkload("service", "/service").AddWorkload("worker", "/worker"), stopping);
        var caller = new TaskCompletionSource<SpiffeId>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var service = await StartServiceAsync(agent.AddressOf("service"), caller, stopping);

        using var worker = CreateWorker(agent.AddressOf("worker"), service.Urls.Single());
        await worker.StartAsync(stopping);
        Assert.Equal("spiffe://example.org/worker", $"{await caller.Task.WaitAsync(stopping)}");
        await worker.StopAsync(stopping);
    }

    private static async Task<WebApplication> StartServiceAsync(string socket, TaskCompletionSource<SpiffeId> caller, CancellationToken stopping)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrel().UseUrls("https://127.0.0.1:0").UseSpiffeMtls();
        builder.Services.AddSpiffe(options => options.EndpointSocket = socket);
        builder.Services.AddRouting();
        var service = builder.Build();
        service.MapGet("/hello", (SpiffeCaller worker) =>
        {
            caller.TrySetResult(worker.Id);
            return $"Hello, {worker.Id}";
        });
        await service.StartAsync(stopping);
        return service;
    }

    private static IHost CreateWorker(string socket, string url)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Configuration.AddInMemoryCollection([
            new("Spiffe:EndpointSocket", socket),
            new("Spiffe:Clients:service:Server", "spiffe://example.org/service"),
            new("Service:Url", url),
        ]);
        builder.AddWorker();
        return builder.Build();
    }
}
