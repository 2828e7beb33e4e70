using Kind = AspNetSpiffe.SpiffeIdPatternProblem.Kind;

namespace AspNetSpiffe.Analyzers;

/// <summary>Proposes the obvious correction of a text with an error.</summary>
internal static class TextFix
{
    // Each step corrects one mistake; with more mistakes the correction is not obvious.
    private const int MostSteps = 8;

    /// <returns>A text that the library accepts; <see langword="null"/> if no correction is obvious.</returns>
    public static string? For(TextKind kind, string text)
    {
        var fixedText = kind switch
        {
            TextKind.Pattern or TextKind.PolicyName => FixPattern(text),
            TextKind.TrustDomainToRequire => TrustDomainIn(text),
            TextKind.PathPrefix => "/" + text.Trim('/'),
            _ => null,
        };
        return fixedText is not null && TextJudge.FindMistake(kind, fixedText) is null ? fixedText : null;
    }

    private static string? FixPattern(string? text)
    {
        for (var step = 0; text is not null && step < MostSteps; step++)
        {
            var problem = TextJudge.ScanPattern(text);
            if (problem.What == Kind.None) return text;
            text = FixOne(text, problem);
        }

        return null;
    }

    private static string? FixOne(string text, SpiffeIdPatternProblem problem) => problem.What switch
    {
        Kind.NoPath => text.Insert(problem.Position, "/**") is var longer && text.Length > problem.Position && text[problem.Position] == '/'
            ? longer.Remove(problem.Position + "/**".Length, 1)
            : longer,
        Kind.DoubleStarNotLast => text.Remove(problem.Position, 1),
        Kind.EmptyAlternative => string.Join(",", text.Split(',').Where(static alternative => alternative.Trim(' ').Length > 0)),

        // 'https://example.org' is another mistake than 'example.org/orders'.
        Kind.NotSpiffe when !text.Substring(problem.Position).Split(',')[0].Contains(":") => text.Insert(problem.Position, SpiffeId.Grammar.Scheme),
        _ => null,
    };

    private static string? TrustDomainIn(string text)
    {
        var name = text.StartsWith(SpiffeId.Grammar.Scheme, StringComparison.OrdinalIgnoreCase) ? text.Substring(SpiffeId.Grammar.Scheme.Length) : text;
        foreach (var end in new[] { "/**", "/" })
            if (name.EndsWith(end, StringComparison.Ordinal))
                return name.Substring(0, name.Length - end.Length);

        return name;
    }
}
