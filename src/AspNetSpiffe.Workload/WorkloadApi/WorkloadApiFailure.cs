namespace AspNetSpiffe;

/// <summary>What went wrong between us and the Workload API.</summary>
public enum WorkloadApiFailure
{
    /// <summary>The Workload API answered with an error; see <see cref="WorkloadApiException.StatusCode"/>.</summary>
    Status,

    /// <summary>There is no socket at the address.</summary>
    NoSuchSocket,

    /// <summary>Nobody listens at the address.</summary>
    ConnectionRefused,

    /// <summary>This process may not open the socket.</summary>
    NoPermission,

    /// <summary>The connection broke, or could not be made for another reason.</summary>
    ConnectionLost,

    /// <summary>What answers at the address does not speak the protocol, or sent something that cannot be read.</summary>
    MalformedResponse,
}
