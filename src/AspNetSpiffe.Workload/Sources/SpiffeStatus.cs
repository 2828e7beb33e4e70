using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The status of a process with an identity, for an operator: the source of the identity, the last update, the rejected peers, the servers called. An immutable snapshot.</summary>
/// <remarks>It contains no key and no token. For a page or a report of your own; <c>MapSpiffeDiagnostics</c> shows it in web applications.</remarks>
public sealed class SpiffeStatus
{
    /// <summary>Gets where the identity comes from, as text: the Workload API at an address, files, or code.</summary>
    public required string Origin { get; init; }

    /// <summary>Gets whether it was available at the last attempt.</summary>
    public required bool IsConnected { get; init; }

    /// <summary>Gets when the last valid update came; <see langword="null"/> before the first.</summary>
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

/// <summary>An update, or a failure. Immutable.</summary>
public sealed class SpiffeWatchEvent
{
    /// <summary>Gets when it happened; the last time, if the same failure happened several times in a row.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets whether it was an update, accepted or rejected; otherwise a stream ended, or could not be opened.</summary>
    public required bool IsUpdate { get; init; }

    /// <summary>Gets what was wrong, as text for an operator; <see langword="null"/> for an accepted update.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets how many times it happened in a row.</summary>
    public required int Times { get; init; }
}
