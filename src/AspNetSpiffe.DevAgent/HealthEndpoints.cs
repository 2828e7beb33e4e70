using AspNetSpiffe.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>grpc.health.v1.Health, as <c>spire-agent healthcheck</c> and Kubernetes' gRPC probes ask for it: whoever is answered is answered "serving".</summary>
/// <remarks>It gives no identity away, and so needs no security header, as with SPIRE.</remarks>
internal static class HealthEndpoints
{
    public const string Service = "/grpc.health.v1.Health/";

    // The empty name means the server as a whole.
    private static readonly string[] Services = ["", "SpiffeWorkloadAPI", "grpc.health.v1.Health"];

    public static Task InvokeAsync(string path, HttpRequest request, GrpcResponse response, CancellationToken cancellationToken) => path[Service.Length..] switch
    {
        "Check" => CheckAsync(request, response, cancellationToken),
        "Watch" => WatchAsync(request, response, cancellationToken),
        _ => throw WorkloadApiEndpoints.Unimplemented(path),
    };

    private static async Task CheckAsync(HttpRequest request, GrpcResponse response, CancellationToken cancellationToken)
    {
        var asked = await GrpcRequest.ReadAsync(request.BodyReader, HealthCheckRequest.Parser, cancellationToken).ConfigureAwait(false);
        if (!Services.Contains(asked.Service)) throw new GrpcStatusException(StatusCode.NotFound, $"unknown service '{asked.Service}'");
        await response.WriteAsync(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task WatchAsync(HttpRequest request, GrpcResponse response, CancellationToken cancellationToken)
    {
        var asked = await GrpcRequest.ReadAsync(request.BodyReader, HealthCheckRequest.Parser, cancellationToken).ConfigureAwait(false);
        var status = Services.Contains(asked.Service) ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.ServiceUnknown;
        await response.WriteAsync(new HealthCheckResponse { Status = status }, cancellationToken).ConfigureAwait(false);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
    }
}
