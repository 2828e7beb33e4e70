using Grpc.Core;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>grpc.health.v1.Health, for <c>spire-agent healthcheck</c> and Kubernetes' gRPC probes: a running agent always responds "serving".</summary>
/// <remarks>It returns no identity, and so requires no security header, as with SPIRE.</remarks>
internal sealed class HealthService : HealthServiceImpl
{
    private readonly IHostApplicationLifetime _host;

    public HealthService(IHostApplicationLifetime host)
    {
        _host = host;

        // The empty name means the server as a whole.
        foreach (var service in (string[])["", "SpiffeWorkloadAPI", "grpc.health.v1.Health"]) SetStatus(service, HealthCheckResponse.Types.ServingStatus.Serving);
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var stopping = Task.Delay(Timeout.InfiniteTimeSpan, _host.ApplicationStopping);
        if (await Task.WhenAny(base.Watch(request, responseStream, context), stopping).ConfigureAwait(false) == stopping) throw WorkloadApiService.Stopping();
    }
}
