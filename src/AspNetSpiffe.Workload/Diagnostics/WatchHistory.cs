using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>An event of a watch.</summary>
/// <param name="Number">Its sequence number, from 1 on.</param>
/// <param name="At">When it occurred; for repeated events, the last time.</param>
/// <param name="IsUpdate">Whether it was an update, valid or rejected; otherwise a stream ended, or could not be opened.</param>
/// <param name="Error">The type of the error; <see langword="null"/> for a valid update.</param>
/// <param name="Problem">The error as text for an operator.</param>
/// <param name="Times">How many times in succession.</param>
internal sealed record WatchEvent(long Number, DateTimeOffset At, bool IsUpdate, string? Error, string? Problem, int Times = 1)
{
    public bool IsSameAs(WatchEvent other) => IsUpdate == other.IsUpdate && Error == other.Error && Problem == other.Problem;
}

/// <summary>The last events of a watch, the newest last. A repeated error is one event. Immutable; an update replaces it.</summary>
/// <param name="Events">At most 20.</param>
/// <param name="LastGood">When the last valid update was received.</param>
internal sealed record WatchHistory(ImmutableArray<WatchEvent> Events, DateTimeOffset? LastGood)
{
    private const int Most = 20;

    public static WatchHistory Empty { get; } = new([], null);

    public WatchEvent? Last => Events.IsEmpty ? null : Events[^1];

    /// <summary>Gets whether the last event was a valid update.</summary>
    public bool IsConnected => Last is { IsUpdate: true };

    public WatchHistory Add(DateTimeOffset at, bool isUpdate, string? error, string? problem) => Add(new((Last?.Number ?? 0) + 1, at, isUpdate, error, problem));

    public WatchHistory Add(WatchEvent next) => new(Append(next), next.Error is null ? next.At : LastGood);

    private ImmutableArray<WatchEvent> Append(WatchEvent next) => Events switch
    {
        [.., { Error: not null } last] when last.IsSameAs(next) => Events.SetItem(Events.Length - 1, next with { Times = last.Times + next.Times }),
        { Length: Most } => [.. Events.Skip(1), next],
        _ => Events.Add(next),
    };
}
