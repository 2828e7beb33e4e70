namespace AspNetSpiffe;

/// <summary>The status codes of gRPC that the agent answers with.</summary>
internal enum GrpcStatusCode
{
    Ok = 0,
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
}
