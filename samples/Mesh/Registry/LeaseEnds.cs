namespace Mesh.Names;

/// <summary>Removes and logs expired leases once a second.</summary>
internal sealed class LeaseEnds(Leases leases, RegistryOptions options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) leases.RemoveEnded();
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The registry stops.
        }
    }
}
