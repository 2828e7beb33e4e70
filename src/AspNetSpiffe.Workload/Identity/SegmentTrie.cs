namespace AspNetSpiffe;

/// <summary>A trie that matches patterns with wildcards segment by segment, from the trust domain on. A node stands for the segments after a common prefix.</summary>
/// <remarks>Filled once, then read-only and thread-safe. Patterns and IDs are without the scheme: <c>example.org/ns/shop</c>.</remarks>
internal sealed class SegmentTrie
{
    // Most nodes have one child, and a comparison is cheaper than a hash.
    private string? _only;
    private SegmentTrie? _child;
    private Dictionary<string, SegmentTrie>? _children;
    private SegmentTrie? _star;
    private bool _ends;
    private bool _coversAllBelow;

    public static SegmentTrie Of(IEnumerable<string> alternatives)
    {
        var root = new SegmentTrie();
        foreach (var alternative in alternatives) root.Add(alternative);
        return root;
    }

    /// <summary>Determines whether any of the patterns matches an ID. Allocates nothing.</summary>
    public bool Matches(ReadOnlySpan<char> id)
    {
        for (var node = this; !node._coversAllBelow;)
        {
            var slash = id.IndexOf('/');
            var child = node.FindChild(slash < 0 ? id : id[..slash]);
            if (slash < 0) return child is { _ends: true } || node._star is { _ends: true };

            id = id[(slash + 1)..];

            // Bounded for every ID: in a tree each node is reached in one way only, so none is visited twice.
            if (child is not null && node._star is { } star && star.Matches(id)) return true;
            if ((child ?? node._star) is not { } next) return false;
            node = next;
        }

        return true;
    }

    private void Add(ReadOnlySpan<char> alternative)
    {
        var node = this;
        foreach (var range in alternative.Split('/'))
        {
            var segment = alternative[range];
            if (segment is "**")
            {
                node._coversAllBelow = true;
                return;
            }

            node = segment is "*" ? node._star ??= new() : node.FindChild(segment) ?? node.AddChild(segment.ToString());
        }

        node._ends = true;
    }

    private SegmentTrie? FindChild(ReadOnlySpan<char> segment)
    {
        if (_children is not null) return _children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(segment, out var child) ? child : null;
        return segment.SequenceEqual(_only) ? _child : null;
    }

    private SegmentTrie AddChild(string segment)
    {
        var child = new SegmentTrie();
        if (_only is null)
        {
            (_only, _child) = (segment, child);
            return child;
        }

        _children ??= new(StringComparer.Ordinal) { [_only] = _child! };
        _children.Add(segment, child);
        return child;
    }
}
