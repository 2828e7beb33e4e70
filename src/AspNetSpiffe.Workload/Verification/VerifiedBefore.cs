namespace AspNetSpiffe;

/// <summary>Remembers what was verified with one set of bundles; whoever asks with another set finds nothing.</summary>
/// <remarks>Thread-safe, and bounded: what was not asked for lately is forgotten first.</remarks>
internal sealed class VerifiedBefore<TBundles, TKey, TValue>(int capacity)
    where TBundles : class
    where TKey : struct
    where TValue : class
{
    private readonly Lock _lock = new();
    private TBundles? _bundles;

    // When the young ones are half of all, they become the old ones, and those are forgotten: whoever comes again stays.
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];

    /// <summary>Gets how many are remembered; one that has come again lately may count twice.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _young.Count + _old.Count;
        }
    }

    public TValue? Find(TBundles bundles, TKey key)
    {
        lock (_lock)
        {
            if (_bundles != bundles) return null;
            if (!_young.TryGetValue(key, out var value) && _old.TryGetValue(key, out value)) Add(key, value);
            return value;
        }
    }

    public void Remember(TBundles bundles, TKey key, TValue value)
    {
        lock (_lock)
        {
            if (_bundles != bundles) (_bundles, _young, _old) = (bundles, [], []);
            Add(key, value);
        }
    }

    private void Add(TKey key, TValue value)
    {
        if (_young.Count >= capacity / 2) (_young, _old) = ([], _young);
        _young[key] = value;
    }
}
