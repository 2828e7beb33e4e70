namespace AspNetSpiffe;

/// <summary>The Workload API did not give what it was asked for. The message says where, what happened and what to do.</summary>
public sealed class WorkloadApiException : Exception
{
    internal WorkloadApiException(WorkloadApiAddress address, WorkloadApiFailure failure, string problem, Exception? inner = null)
        : base($"The call to the SPIFFE Workload API at '{address}' failed. {problem}", inner) => (Failure, Problem) = (failure, problem);

    internal WorkloadApiException(WorkloadApiAddress address, GrpcStatus status)
        : this(address, WorkloadApiFailure.Status, Describe(status)) => StatusCode = status.Code;

    /// <summary>Gets what went wrong.</summary>
    public WorkloadApiFailure Failure { get; }

    /// <summary>Gets the status of the call, when <see cref="Failure"/> is <see cref="WorkloadApiFailure.Status"/>; otherwise <see cref="GrpcStatusCode.Unavailable"/>.</summary>
    public GrpcStatusCode StatusCode { get; } = GrpcStatusCode.Unavailable;

    /// <summary>Gets whether another attempt may succeed (SPIFFE Workload Endpoint §6).</summary>
    public bool IsTransient => StatusCode is not (GrpcStatusCode.InvalidArgument or GrpcStatusCode.Unimplemented);

    /// <summary>What happened and what to do, without the address: for a text that names it already.</summary>
    internal string Problem { get; }

    private static string Describe(GrpcStatus status)
    {
        var advice = status.Code switch
        {
            GrpcStatusCode.PermissionDenied => " No identity is registered for this workload: create a registration entry whose selectors match it " +
                "and whose parent ID is the SPIFFE ID of this very agent, or run 'aspnet-spiffe agent' for development.",

            // Where the agent says what is wrong, ours would be a guess.
            GrpcStatusCode.Unavailable when status.Detail.Length == 0 => " The agent is not ready: look at its log and its connection to the server.",
            GrpcStatusCode.Unimplemented => " What answers at this address is no SPIFFE Workload API, or lacks this method: check the address.",
            GrpcStatusCode.InvalidArgument => " The agent does not accept the request: it may be of another version, or no SPIFFE Workload API; check the address.",
            _ => "",
        };
        return $"It answered '{status}'.{advice}";
    }
}
