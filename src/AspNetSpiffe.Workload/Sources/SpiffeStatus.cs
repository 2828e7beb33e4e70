using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>What an operator asks of a process with an identity: where it comes from, what came last, who was refused, whom we call. A snapshot; immutable.</summary>
/// <remarks>It has no key and no token. For a page or a report of your own; <c>MapSpiffeDiagnostics</c> shows it in web applications.</remarks>
public sealed class SpiffeStatus
{
    /// <summary>Gets where the identity comes from, in words: the Workload API at an address, files, or code.</summary>
    public required string Origin { get; init; }

    /// <summary>Gets whether that has answered last.</summary>
    public required bool IsConnected { get; init; }

    /// <summary>Gets when the last good update came; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? LastUpdate { get; init; }

    /// <summary>Gets what is wrong and what to do about it, in words for an operator; <see langword="null"/> when nothing is.</summary>
    public string? LastProblem { get; init; }

    /// <summary>Gets the last 20 updates and failures, the newest last.</summary>
    public required ImmutableArray<SpiffeWatchEvent> Events { get; init; }

    /// <summary>Gets the peers that handshakes have refused, of all sources of the host, the newest first.</summary>
    public required ImmutableArray<SpiffeRefusalGroup> Refusals { get; init; }

    /// <summary>Gets the clients that call others, of all sources of the host; one that is disposed has left.</summary>
    public required ImmutableArray<SpiffeClientStatus> Clients { get; init; }
}

/// <summary>An update, or a failure. Immutable.</summary>
public sealed class SpiffeWatchEvent
{
    /// <summary>Gets when it came; for the last time, where the same failed several times in a row.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Gets whether it was an update, good or refused; otherwise a stream ended, or could not be opened.</summary>
    public required bool IsUpdate { get; init; }

    /// <summary>Gets what was wrong, in words for an operator; <see langword="null"/> for a good update.</summary>
    public string? Problem { get; init; }

    /// <summary>Gets how many times it came in a row.</summary>
    public required int Times { get; init; }
}
