namespace AspNetSpiffe;

/// <summary>The LRU cache of a source. Not thread-safe: used under the lock of its source.</summary>
internal sealed class JwtSvidCache(int capacity, RetryTimes retry)
{
    private readonly Dictionary<JwtSvidKey, LinkedListNode<JwtSvidEntry>> _byKey = [];
    private readonly LinkedList<JwtSvidEntry> _byUse = new();

    /// <summary>Finds an entry, or creates it.</summary>
    public JwtSvidEntry Use(JwtSvidKey key)
    {
        if (_byKey.TryGetValue(key, out var node)) _byUse.Remove(node);
        else _byKey[key] = node = new(new(key, new(retry, Random.Shared)));

        _byUse.AddLast(node);
        if (_byUse.Count > capacity) Remove(_byUse.First!.Value);
        return node.Value;
    }

    public void Remove(JwtSvidEntry entry)
    {
        // Another entry may have replaced it during the fetch.
        if (!_byKey.TryGetValue(entry.Key, out var node) || node.Value != entry) return;
        _byKey.Remove(entry.Key);
        _byUse.Remove(node);
    }

    /// <summary>Removes all entries that a denial concerns.</summary>
    public void RemoveDenied(JwtSvidKey denied)
    {
        foreach (var entry in _byUse.Where(entry => entry.IsDeniedWith(denied)).ToArray()) Remove(entry);
    }
}
