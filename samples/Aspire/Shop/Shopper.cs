using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Shop;

/// <summary>Calls the orders service every second, and logs the response.</summary>
internal sealed class Shopper(IHttpClientFactory clients, ILogger<Shopper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            try
            {
                logger.LogInformation("Orders answered: {Answer}", await clients.CreateClient("orders").GetStringAsync("/orders", stoppingToken));
            }
            catch (HttpRequestException e)
            {
                logger.LogWarning("Orders did not answer: {Reason}", e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
