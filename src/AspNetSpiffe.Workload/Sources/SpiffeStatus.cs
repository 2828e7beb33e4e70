using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The status of a process with an identity, for an operator: the source of the identity, the last update, the rejected peers, the servers called. An immutable snapshot, thread-safe.</summary>
/// <remarks>It contains no key and no token. For your own page or report; <c>MapSpiffeDiagnostics</c> shows it in web applications.</remarks>
public sealed class SpiffeStatus
{
    /// <summary>Gets the origin of the identity, as text: the Workload API at an address, files, or code.</summary>
    public required string Origin { get; init; }

    /// <summary>Gets whether it was available at the last attempt.</summary>
    public required bool IsConnected { get; init; }

    /// <summary>Gets the time of the last valid update, in UTC; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? LastUpdate { get; init; }

    /// <summary>Gets the current error and its remedy, as text for an operator; <see langword="null"/> without an error.</summary>
    public string? LastProblem { get; init; }

    /// <summary>Gets the last 20 updates and failures, the newest last.</summary>
    public required ImmutableArray<SpiffeWatchEvent> Events { get; init; }

    /// <summary>Gets the peers rejected in TLS handshakes, of all sources of the host, the newest first.</summary>
    public required ImmutableArray<SpiffeRefusalGroup> Refusals { get; init; }

    /// <summary>Gets the clients that call others, of all sources of the host; without disposed ones.</summary>
    public required ImmutableArray<SpiffeClientStatus> Clients { get; init; }
}

/// <summary>An update, or a failure. Immutable and thread-safe.</summary>
public sealed class SpiffeWatchEvent
{
    /// <summary>Gets the time of the event, in UTC; of the last one, if the same failure was repeated.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets whether it was an update, accepted or rejected; otherwise a stream ended, or could not be opened.</summary>
    public required bool IsUpdate { get; init; }

    /// <summary>Gets the error, as text for an operator; <see langword="null"/> for an accepted update.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets the number of successive occurrences.</summary>
    public required int Times { get; init; }
}
