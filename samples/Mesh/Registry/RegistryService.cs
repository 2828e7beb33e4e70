using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Mesh.Names;

/// <summary>Registration by gRPC.</summary>
internal sealed class RegistryService(Registrations registrations) : Registry.RegistryBase
{
    private const int NanosecondsPerTick = 100;
    private const int NanosecondsPerSecond = 1_000_000_000;

    public override Task<Lease> Register(Registration request, ServerCallContext context)
    {
        var refusal = registrations.Register(
            context.GetHttpContext().GetRequiredSpiffeId(), request.Name, EndpointsOf(request.Addresses, request.Port), LengthOf(request.Lease), out var expires);
        return refusal is null ? Task.FromResult(new Lease { Expires = expires.ToTimestamp() }) : throw refusal.ToRpcException();
    }

    public override Task<DeregisterReply> Deregister(Deregistration request, ServerCallContext context)
    {
        var refusal = registrations.Deregister(context.GetHttpContext().GetRequiredSpiffeId(), request.Name, EndpointsOf(request.Addresses, request.Port));
        return refusal is null ? Task.FromResult(new DeregisterReply()) : throw refusal.ToRpcException();
    }

    private static string[] EndpointsOf(IEnumerable<string> addresses, uint port) => [.. addresses.Select(address => ServiceEndPoint.Join(address, port))];

    // A Duration may be invalid, or too long for a TimeSpan.
    private static TimeSpan? LengthOf(Duration? lease) =>
        lease is { Seconds: >= 0 and <= int.MaxValue, Nanos: >= 0 and < NanosecondsPerSecond } ? TimeSpan.FromSeconds(lease.Seconds) + TimeSpan.FromTicks(lease.Nanos / NanosecondsPerTick) : null;
}
