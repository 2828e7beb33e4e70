using AspNetSpiffe;

namespace Deploy.Client;

/// <summary>Requests one order after the other. A failed call is logged, and the loop continues.</summary>
internal sealed class Checkout(IHttpClientFactory clients, IConfiguration configuration, ILogger<Checkout> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(configuration.GetValue<TimeSpan>("Orders:Interval"));
        for (var number = 1; await timer.WaitForNextTickAsync(stoppingToken); number++) await CallAsync(number, stoppingToken);
    }

    private async Task CallAsync(int number, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient("orders");
            logger.LogInformation("Answer: {Answer}", (await client.GetStringAsync($"/orders/{number}", cancellationToken)).TrimEnd());
        }
        catch (Exception e) when (e is HttpRequestException or SpiffePeerRejectedException)
        {
            logger.LogWarning("No answer: {Problem}", e.Message);
        }
    }
}
