namespace AspNetSpiffe;

/// <summary>The status codes of gRPC, as the Workload API uses them (SPIFFE Workload Endpoint §6).</summary>
public enum GrpcStatusCode
{
    /// <summary>The call succeeded.</summary>
    Ok = 0,

    /// <summary>The call was cancelled.</summary>
    Cancelled = 1,

    /// <summary>An error without a better name.</summary>
    Unknown = 2,

    /// <summary>The request is wrong and will stay so.</summary>
    InvalidArgument = 3,

    /// <summary>The time ran out.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something that was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>Something that should be made exists already.</summary>
    AlreadyExists = 6,

    /// <summary>No identity is issued to this workload (SPIFFE Workload API §5.2.1).</summary>
    PermissionDenied = 7,

    /// <summary>Something has run out.</summary>
    ResourceExhausted = 8,

    /// <summary>The server's state forbids the call.</summary>
    FailedPrecondition = 9,

    /// <summary>The call was given up in the middle.</summary>
    Aborted = 10,

    /// <summary>A value is out of its range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not have the method.</summary>
    Unimplemented = 12,

    /// <summary>An error inside the server.</summary>
    Internal = 13,

    /// <summary>The server is not ready, or not there.</summary>
    Unavailable = 14,

    /// <summary>Data were lost.</summary>
    DataLoss = 15,

    /// <summary>The caller is not authenticated.</summary>
    Unauthenticated = 16,
}
