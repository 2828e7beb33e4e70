using AspNetSpiffe;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Mesh.Service.Registering;

/// <summary>Keeps this service registered while it listens.</summary>
internal sealed class RegistryLease(OwnName own, X509Source source, ServiceOptions options, Listeners listeners, ILogger<RegistryLease> logger) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private GrpcChannel? _channel;
    private Task _keeping = Task.CompletedTask;

    /// <summary>Registers after all servers are started, so that clients that find the service can reach it. An unavailable registry does not fail the start.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (options.Registry is not { } address) return Task.CompletedTask;
        var registry = SpiffeIdPattern.Parse(MeshName.RegistryOf(source.Current!.TrustDomain).ToString());
        _channel = GrpcChannel.ForAddress(address, new() { HttpHandler = SpiffeHttpHandler.Create(source, registry), DisposeHttpClient = true });
        _keeping = KeepAsync(new(_channel));
        return Task.CompletedTask;
    }

    /// <summary>Deregisters before the servers stop accepting, so that no new caller finds a closed port.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_channel is null) return;

        try
        {
            var ended = new Deregistration { Name = own.Name, Addresses = { options.BindIp.ToString() }, Port = (uint)listeners.Api.Port };
            await new Registry.RegistryClient(_channel).DeregisterAsync(ended, deadline: DateTime.UtcNow + LastWord, cancellationToken: cancellationToken);
            logger.LogInformation(Events.Deregistered, "Took {Name} back from the registry.", own.Name);
        }
        catch (RpcException e)
        {
            logger.LogInformation(Events.RegistryAway, "The registry did not hear that we stop, so our lease ends by itself. {Status}", e.Status.Detail);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _channel?.Dispose();
        _stopping.Dispose();
    }

    private async Task KeepAsync(Registry.RegistryClient registry)
    {
        var (renewal, retry) = (options.Lease / 3, FirstRetry);
        StatusCode? told = null;
        while (true)
        {
            var wait = renewal;
            try
            {
                await RegisterAsync(registry);
                if (told != StatusCode.OK) logger.LogInformation(Events.Registered, "Registered {Name} as {Address}.", own.Name, listeners.Api);
                (told, retry) = (StatusCode.OK, FirstRetry);
            }
            catch (RpcException e) when (!_stopping.IsCancellationRequested)
            {
                // Logged once per outage or new reason.
                if (told != e.StatusCode) logger.LogWarning(Events.RegistryAway, "{Registry} did not register us, and is asked again. {Status}: {Detail}", options.Registry, e.StatusCode, e.Status.Detail);
                (told, wait, retry) = (e.StatusCode, retry < renewal ? retry : renewal, retry * 2);
            }

            await Task.Delay(wait, _stopping.Token);
        }
    }

    private async Task RegisterAsync(Registry.RegistryClient registry)
    {
        var registration = new Registration { Name = own.Name, Addresses = { options.BindIp.ToString() }, Port = (uint)listeners.Api.Port, Lease = Duration.FromTimeSpan(options.Lease) };
        await registry.RegisterAsync(registration, deadline: DateTime.UtcNow + CallTimeout, cancellationToken: _stopping.Token);
    }
}
