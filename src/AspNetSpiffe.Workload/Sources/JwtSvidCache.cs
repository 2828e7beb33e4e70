namespace AspNetSpiffe;

/// <summary>The entries of a source; the one that was used longest ago makes room for a new one. Used under the lock of its source.</summary>
internal sealed class JwtSvidCache(int capacity, RetryTimes retry)
{
    private readonly Dictionary<JwtSvidKey, LinkedListNode<JwtSvidEntry>> _byKey = [];
    private readonly LinkedList<JwtSvidEntry> _byUse = new();

    /// <summary>Finds an entry, or makes it.</summary>
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
        // Another one may have taken its place while it was fetched.
        if (!_byKey.TryGetValue(entry.Key, out var node) || node.Value != entry) return;
        _byKey.Remove(entry.Key);
        _byUse.Remove(node);
    }

    /// <summary>Removes all that a rejection speaks of.</summary>
    public void RemoveDenied(JwtSvidKey denied)
    {
        foreach (var entry in _byUse.Where(entry => entry.IsDeniedWith(denied)).ToArray()) Remove(entry);
    }
}
