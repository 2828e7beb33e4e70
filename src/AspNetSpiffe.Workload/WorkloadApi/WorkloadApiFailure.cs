namespace AspNetSpiffe;

/// <summary>The kinds of failure of a call of the Workload API.</summary>
public enum WorkloadApiFailure
{
    /// <summary>The Workload API responded with an error; see <see cref="WorkloadApiException.StatusCode"/>.</summary>
    Status,

    /// <summary>There is no socket at the address.</summary>
    NoSuchSocket,

    /// <summary>Connection refused: no process listens at the address.</summary>
    ConnectionRefused,

    /// <summary>This process has no permission to open the socket.</summary>
    NoPermission,

    /// <summary>The connection was lost, or could not be established for another reason.</summary>
    ConnectionLost,

    /// <summary>The server at the address does not implement the protocol, or its response cannot be parsed.</summary>
    MalformedResponse,
}
