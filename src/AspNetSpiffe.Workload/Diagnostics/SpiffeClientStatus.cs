using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The status of one <c>SpiffeHttpHandler</c>. Immutable and thread-safe.</summary>
public sealed class SpiffeClientStatus
{
    /// <summary>Gets the expected server; <see langword="null"/> for a client of servers with Web PKI certificates, which have no SPIFFE ID.</summary>
    public SpiffeIdPattern? Expected { get; init; }

    /// <summary>Gets its open connections to servers with a SPIFFE ID.</summary>
    public required ImmutableArray<SpiffeClientConnection> Connections { get; init; }
}

/// <summary>An open connection to a server whose SVID was verified. Immutable and thread-safe.</summary>
public sealed class SpiffeClientConnection
{
    /// <summary>Gets the host and port of the server.</summary>
    public required string Authority { get; init; }

    /// <summary>Gets the SPIFFE ID of the server.</summary>
    public required SpiffeId ServerId { get; init; }

    /// <summary>Gets when the first certificate of its chain expires, in UTC. The connection is closed by then.</summary>
    public required DateTimeOffset ValidUntil { get; init; }
}
