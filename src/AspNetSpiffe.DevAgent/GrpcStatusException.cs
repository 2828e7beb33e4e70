using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>Ends a call with a status that the caller is told.</summary>
internal sealed class GrpcStatusException(StatusCode code, string message) : Exception(message)
{
    public StatusCode Code { get; } = code;
}
