using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>A cache of bounded size: when it is full, the entries that were not used recently are dropped.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class BoundedCache<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // When the recent entries are half of the capacity, they become the previous ones, and those are dropped; an entry that is used moves to the recent ones.
    private Dictionary<TKey, TValue> _recent = [];
    private Dictionary<TKey, TValue> _previous = [];

    /// <summary>Gets the number of entries, at most the capacity; one that was used recently may count twice.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _recent.Count + _previous.Count;
        }
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            if (_recent.TryGetValue(key, out value)) return true;
            if (!_previous.TryGetValue(key, out value)) return false;
            Add(key, value);
            return true;
        }
    }

    public void Set(TKey key, TValue value)
    {
        lock (_lock) Add(key, value);
    }

    private void Add(TKey key, TValue value)
    {
        if (_recent.Count >= capacity / 2 && !_recent.ContainsKey(key)) (_recent, _previous) = ([], _recent);
        _recent[key] = value;
    }
}
