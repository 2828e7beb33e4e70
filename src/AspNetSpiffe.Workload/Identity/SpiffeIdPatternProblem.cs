namespace AspNetSpiffe;

/// <summary>The error in a text that is not a pattern, and the position of the character.</summary>
internal readonly record struct SpiffeIdPatternProblem(SpiffeIdPatternProblem.Kind What, int Position, SpiffeIdProblem InId = default)
{
    internal enum Kind
    {
        None,
        EmptyAlternative,
        AnyAmongOthers,
        NotSpiffe,
        WildcardTrustDomain,
        NoPath,
        DoubleStarNotLast,
        PartOfSegment,
        TooLong,
        InvalidId,
    }

    public string Describe(ReadOnlySpan<char> text)
    {
        var pattern = SpiffeIdProblem.Quote(text);
        return What switch
        {
            Kind.EmptyAlternative => $"The pattern {pattern} has an empty alternative at position {Position}; write one pattern, or several separated by commas.",
            Kind.AnyAmongOthers => $"In the pattern {pattern}, '{SpiffeIdPattern.AnyText}' at position {Position} must be the only pattern; remove it or the others.",
            Kind.NotSpiffe => $"The pattern {pattern} does not begin with 'spiffe://' at position {Position}.",
            Kind.WildcardTrustDomain => $"The pattern {pattern} has a '*' in the trust domain at position {Position}; list each trust domain, or write '{SpiffeIdPattern.AnyText}' for any verified peer.",
            Kind.NoPath => $"The pattern {pattern} has no path at position {Position}; add '/**' to match every workload of the trust domain.",
            Kind.DoubleStarNotLast => $"The pattern {pattern} has '**' at position {Position}; '**' is allowed only at the end, '*' matches one segment.",
            Kind.PartOfSegment => $"The pattern {pattern} has a '*' at position {Position} next to other characters; '*' matches a whole segment.",
            Kind.TooLong => $"The pattern {pattern} has an alternative of more than {SpiffeId.MaxLength} characters at position {Position}.",
            Kind.InvalidId => $"The pattern is not a SPIFFE ID with wildcards: {InId.Describe(text)}",
            _ => throw new InvalidOperationException("There is no problem to describe."),
        };
    }
}
