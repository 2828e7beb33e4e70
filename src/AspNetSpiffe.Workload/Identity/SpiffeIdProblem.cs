namespace AspNetSpiffe;

/// <summary>The error in a text that is not a SPIFFE ID or a trust domain, and the position of the character.</summary>
internal readonly record struct SpiffeIdProblem(SpiffeIdProblem.Kind What, int Position)
{
    internal enum Kind
    {
        None,
        Empty,
        TooLong,
        NotSpiffe,
        NoTrustDomain,
        TrustDomainTooLong,
        UpperCaseTrustDomain,
        TrustDomainCharacter,
        PathInTrustDomain,
        PathWithoutSlash,
        EmptySegment,
        DotSegment,
        TrailingSlash,
        PathCharacter,
    }

    public string Describe(ReadOnlySpan<char> text) => What switch
    {
        Kind.Empty => "A SPIFFE ID is not empty; it begins with 'spiffe://'.",
        Kind.TooLong => $"A SPIFFE ID has at most {SpiffeId.MaxLength} characters; this one has {text.Length}.",
        Kind.NotSpiffe => $"{Quote(text)} does not begin with 'spiffe://' (lower case).",
        Kind.NoTrustDomain => $"{Quote(text)} names no trust domain at position {Position}.",
        Kind.TrustDomainTooLong => $"The trust domain in {Quote(text)} is longer than {TrustDomain.MaxLength} characters.",
        Kind.UpperCaseTrustDomain => $"The trust domain in {Quote(text)} has the upper-case letter {Character(text)}; trust domains are lower case.",
        Kind.TrustDomainCharacter => $"The trust domain in {Quote(text)} has {Character(text)}; allowed are a-z, 0-9, '.', '-' and '_'.",
        Kind.PathInTrustDomain => $"{Quote(text)} has a path at position {Position}; a trust domain has none.",
        Kind.PathWithoutSlash => $"The path {Quote(text)} does not begin with '/'.",
        Kind.EmptySegment => $"The path in {Quote(text)} has an empty segment at position {Position}.",
        Kind.DotSegment => $"The path in {Quote(text)} has a '.' or '..' segment at position {Position}.",
        Kind.TrailingSlash => $"{Quote(text)} ends with '/'.",
        Kind.PathCharacter => $"The path in {Quote(text)} has {Character(text)}; allowed are a-z, A-Z, 0-9, '.', '-' and '_'.",
        _ => throw new InvalidOperationException("There is no problem to describe."),
    };

    private string Character(ReadOnlySpan<char> text) => $"{Quote(text.Slice(Position, 1))} at position {Position}";

    // The text may come from an unauthenticated peer and end up in a log: escape it and limit its length.
    internal static string Quote(ReadOnlySpan<char> text)
    {
        const int Most = 200;
        var shown = text.Length <= Most ? text : text[..Most];
        var quoted = new System.Text.StringBuilder("'");
        foreach (var c in shown)
        {
            if (c is >= ' ' and <= '~') quoted.Append(c);
            else quoted.Append("\\u").Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
        }
        return quoted.Append(shown.Length < text.Length ? "…'" : "'").ToString();
    }
}
