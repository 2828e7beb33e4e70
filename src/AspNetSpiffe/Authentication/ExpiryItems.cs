using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The items of a ticket that expires, written down when somebody looks: a formatted date for each request is dear, and few read it.</summary>
/// <remarks>Whatever can be asked is asked of <see cref="Items"/>, which the framework makes.</remarks>
internal sealed class ExpiryItems(DateTimeOffset expires) : IDictionary<string, string?>
{
    private IDictionary<string, string?>? _items;

    public ICollection<string> Keys => Items.Keys;

    public ICollection<string?> Values => Items.Values;

    public int Count => Items.Count;

    public bool IsReadOnly => Items.IsReadOnly;

    private IDictionary<string, string?> Items => Volatile.Read(ref _items) ?? Interlocked.CompareExchange(ref _items, Create(), null) ?? _items;

    public string? this[string key]
    {
        get => Items[key];
        set => Items[key] = value;
    }

    public void Add(string key, string? value) => Items.Add(key, value);

    public void Add(KeyValuePair<string, string?> item) => Items.Add(item);

    public void Clear() => Items.Clear();

    public bool Contains(KeyValuePair<string, string?> item) => Items.Contains(item);

    public bool ContainsKey(string key) => Items.ContainsKey(key);

    public void CopyTo(KeyValuePair<string, string?>[] array, int arrayIndex) => Items.CopyTo(array, arrayIndex);

    public IEnumerator<KeyValuePair<string, string?>> GetEnumerator() => Items.GetEnumerator();

    public bool Remove(string key) => Items.Remove(key);

    public bool Remove(KeyValuePair<string, string?> item) => Items.Remove(item);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string? value) => Items.TryGetValue(key, out value);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IDictionary<string, string?> Create() => new AuthenticationProperties { ExpiresUtc = expires }.Items;
}
