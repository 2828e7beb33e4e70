using AspNetSpiffe;

namespace Company.SpiffeWorker1;

/// <summary>Calls a service every ten seconds with the identity of this workload.</summary>
public sealed class Worker(IHttpClientFactory clients, X509Source identity, ILogger<Worker> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        logger.LogInformation("We are {SpiffeId}", identity.Current?.DefaultSvid.Id);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(10));
        do await CallAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task CallAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var client = clients.CreateClient(WorkerBuilderExtensions.Service);
            logger.LogInformation("The service said: {Answer}", await client.GetStringAsync("/hello", stoppingToken));
        }
        catch (Exception e) when (e is HttpRequestException or SpiffePeerRejectedException)
        {
            logger.LogWarning("The service was not reached: {Reason}", e.Message);
        }
    }
}

public static class WorkerBuilderExtensions
{
    /// <summary>The name of the client: Spiffe:Clients:service has the expected server, Service:Url its address.</summary>
    public const string Service = "service";

    public static void AddWorker(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(Service, client => client.BaseAddress = new Uri(builder.Configuration["Service:Url"]!)).AddSpiffeFromConfiguration();
        builder.Services.AddHostedService<Worker>();
    }
}
