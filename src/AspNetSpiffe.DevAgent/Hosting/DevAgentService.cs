using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Runs an agent for as long as the host: before every other service starts, until the last one has stopped.</summary>
internal sealed class DevAgentService(DevAgentOptions options) : IHostedLifecycleService, IAsyncDisposable
{
    private DevAgent? _agent;

    public DevAgent Agent => _agent ??
        throw new InvalidOperationException("The development agent has not been started. It starts with the host, before every other service: ask for it after 'StartAsync'.");

    public async Task StartingAsync(CancellationToken cancellationToken) => _agent = await DevAgent.StartAsync(options, cancellationToken).ConfigureAwait(false);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _agent?.StopAsync() ?? Task.CompletedTask;

    // A host whose start fails stops nothing; it only disposes.
    public ValueTask DisposeAsync() => _agent?.DisposeAsync() ?? ValueTask.CompletedTask;
}
