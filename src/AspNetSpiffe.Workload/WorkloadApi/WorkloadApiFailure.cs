namespace AspNetSpiffe;

/// <summary>What went wrong between us and the Workload API.</summary>
public enum WorkloadApiFailure
{
    /// <summary>The Workload API answered with an error; see <see cref="WorkloadApiException.StatusCode"/>.</summary>
    Status,

    /// <summary>There is no socket at the address.</summary>
    NoSuchSocket,

    /// <summary>Connection refused: no process listens at the address.</summary>
    ConnectionRefused,

    /// <summary>This process may not open the socket.</summary>
    NoPermission,

    /// <summary>The connection broke, or could not be made for another reason.</summary>
    ConnectionLost,

    /// <summary>The server at the address does not implement the protocol, or sent something that cannot be read.</summary>
    MalformedResponse,
}
