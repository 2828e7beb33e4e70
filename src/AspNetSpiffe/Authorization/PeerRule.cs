namespace AspNetSpiffe;

/// <summary>What the Require… methods say, read and checked once: whom a rule lets pass.</summary>
internal static class PeerRule
{
    private static readonly SpiffeId AnyId = SpiffeId.Parse("spiffe://example.org");

    public static Func<SpiffeId, bool> Anybody() => SpiffeIdPattern.Any.Matches;

    public static Func<SpiffeId, bool> Pattern(string pattern) => SpiffeIdPattern.Parse(pattern).Matches;

    public static Func<SpiffeId, bool> MemberOf(string trustDomain)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);

        // Operators write 'Example.org'; as a pattern that is one trust domain, but text with these signs would be more than one.
        var sign = trustDomain.AsSpan().IndexOfAny('/', ',', '*');
        if (sign >= 0)
            throw new FormatException($"The trust domain '{trustDomain}' has a '{trustDomain[sign]}' at position {sign}; write one name such as 'example.org', or call RequireSpiffe with a pattern.");

        return SpiffeIdPattern.Parse($"spiffe://{trustDomain}/**").Matches;
    }

    public static Func<SpiffeId, bool> HasPathPrefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);

        // Throws on whatever no path can begin with.
        _ = AnyId.WithPath(prefix);
        return id => id.HasPathPrefix(prefix);
    }
}
