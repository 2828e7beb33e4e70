namespace AspNetSpiffe;

/// <summary>Ends a call with a status that the caller is told.</summary>
internal sealed class GrpcStatusException(GrpcStatusCode code, string message) : Exception(message)
{
    public GrpcStatusCode Code { get; } = code;
}
