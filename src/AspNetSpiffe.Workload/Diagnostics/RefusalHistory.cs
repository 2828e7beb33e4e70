using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The rejections since the start, grouped by kind and reason. Bounded: one group for each reason, with a few examples. Thread-safe.</summary>
internal sealed class RefusalHistory
{
    public const int MostExamples = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, Enum Reason), SpiffeRefusalGroup> _groups = [];

    /// <summary>Gets the groups, the newest rejection first.</summary>
    public ImmutableArray<SpiffeRefusalGroup> Groups
    {
        get
        {
            lock (_lock) return [.. _groups.Values.OrderByDescending(static group => group.Last)];
        }
    }

    /// <summary>Records a rejection.</summary>
    /// <param name="kind">What was rejected: one of a few fixed names.</param>
    /// <param name="reason">Why it was rejected.</param>
    /// <param name="advice">What to do about it; <see langword="null"/> keeps the previous advice.</param>
    /// <param name="refusal">The rejected peer.</param>
    public void Add(string kind, Enum reason, string? advice, SpiffeRefusal refusal)
    {
        lock (_lock)
        {
            var known = _groups.GetValueOrDefault((kind, reason));
            _groups[(kind, reason)] = new()
            {
                Kind = kind,
                Reason = reason.ToString(),
                Count = (known?.Count ?? 0) + 1,
                First = known?.First ?? refusal.At,
                Last = refusal.At,
                Advice = advice ?? known?.Advice,
                Examples = [refusal, .. known?.Examples.Take(MostExamples - 1) ?? []],
            };
        }
    }
}
