namespace AspNetSpiffe.Analyzers;

/// <summary>The library's error for a text, and the position of the character.</summary>
internal readonly record struct TextMistake(string Message, int Position);

/// <summary>Validates texts with the library's own grammar.</summary>
internal static class TextJudge
{
    /// <returns>The error; <see langword="null"/> if the text is valid.</returns>
    public static TextMistake? FindMistake(TextKind kind, string text) => kind switch
    {
        TextKind.PolicyName when !SpiffePolicies.IsPattern(text) => null,
        TextKind.TrustDomainToRequire => InTrustDomainToRequire(text),
        TextKind.PathPrefix => InPathPrefix(text),
        TextKind.SpiffeId => Describe(SpiffeId.Grammar.Scan(text, out _), text),
        TextKind.TrustDomain => Describe(TrustDomain.Grammar.Scan(text, out _), text),
        _ => InPattern(text),
    };

    /// <summary>Returns the grammar's own error for a pattern.</summary>
    public static SpiffeIdPatternProblem ScanPattern(string text) => SpiffeIdPattern.Grammar.Scan(Lowered(text));

    /// <summary>Returns a pattern as the library prints it: without spaces and with scheme and trust domain in lower case.</summary>
    public static string Normalise(string pattern) => new string(Lowered(pattern)).Replace(" ", "");

    public static bool IsAny(string pattern) => ScanPattern(pattern).What == SpiffeIdPatternProblem.Kind.None && Normalise(pattern) == SpiffeIdPattern.AnyText;

    private static TextMistake? InPattern(string text)
    {
        var problem = ScanPattern(text);
        return problem.What == SpiffeIdPatternProblem.Kind.None ? null : new(problem.Describe(text), problem.Position);
    }

    private static TextMistake? InTrustDomainToRequire(string text)
    {
        var sign = PeerRequirement.Grammar.ScanTrustDomain(text);
        if (sign >= 0) return new(PeerRequirement.Grammar.DescribeSign(text, sign), sign);
        return InPattern(PeerRequirement.Grammar.PatternOf(text)) is { } mistake ? mistake with { Position = Math.Max(0, mistake.Position - SpiffeId.Grammar.Scheme.Length) } : null;
    }

    private static TextMistake? InPathPrefix(string text)
    {
        if (text.Length == 0) return new("A path prefix must not be empty; write segments with a leading slash, such as '/ops'.", 0);
        if (Describe(SpiffeId.Grammar.ScanPath(text, 0), text) is { } mistake) return mistake;

        // The remaining possible error is the length.
        var id = PeerRequirement.Grammar.AnyId + text;
        return Describe(SpiffeId.Grammar.Scan(id, out _), id) is { } tooLong ? tooLong with { Position = 0 } : null;
    }

    private static TextMistake? Describe(SpiffeIdProblem problem, string text) => problem.What == SpiffeIdProblem.Kind.None ? null : new(problem.Describe(text), problem.Position);

    private static char[] Lowered(string pattern)
    {
        var lowered = pattern.ToCharArray();
        SpiffeIdPattern.Grammar.LowerSchemesAndTrustDomains(lowered);
        return lowered;
    }
}
