using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

internal static partial class Inputs
{
    // Few names, so that patterns and IDs meet.
    private static readonly Gen<string> FewNames = Gen.Elements("td", "t", "td.x");
    private static readonly Gen<string> FewSegments = Gen.Elements("a", "A", "ab", "b", "...");

    private static readonly Gen<AlternativeParts> Alternatives =
        from name in FewNames
        from deep in Gen.Elements(true, false)
        from count in Gen.Choose(deep ? 0 : 1, 4)
        from segments in Gen.Frequency((3, FewSegments), (2, Gen.Constant("*"))).ArrayOf(count)
        select new AlternativeParts(name, [.. segments], deep);

    private static readonly Gen<PatternParts> PatternParts =
        from count in Gen.Choose(1, 3)
        from alternatives in Alternatives.ArrayOf(count)
        select new PatternParts([.. alternatives]);

    // Of so many, most begin alike, and at many a segment one goes on with a name and another one with a star.
    private static readonly Gen<PatternParts> CrowdedPatternParts =
        from count in Gen.Choose(4, 40)
        from alternatives in (
            from name in Gen.Elements("td", "td", "t")
            from deep in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
            from length in Gen.Choose(3, 6)
            from segments in Gen.Frequency((5, Gen.Elements("a", "b", "ab")), (2, Gen.Constant("*"))).ArrayOf(length)
            select new AlternativeParts(name, [.. segments], deep)).ArrayOf(count)
        select new PatternParts([.. alternatives]);

    public static Arbitrary<PatternParts> Patterns => Arb.From(PatternParts, ShrinkPattern);

    /// <summary>A pattern, and an ID that it means or nearly means.</summary>
    public static Arbitrary<(PatternParts Pattern, IdParts Id)> PatternsAndIds => WithIds(PatternParts);

    /// <summary>A pattern of many alternatives that begin alike, and an ID that it means or nearly means.</summary>
    public static Arbitrary<(PatternParts Pattern, IdParts Id)> CrowdedPatternsAndIds => WithIds(CrowdedPatternParts);

    public static Arbitrary<(IdParts First, IdParts Second)> FewIdPairs =>
        Arb.From(
            from first in FewIds
            from second in Gen.OneOf(FewIds, Gen.Elements(Beside(first)))
            select (first, second),
            pair => ShrinkId(pair.first).Select(id => (id, pair.second)).Concat(ShrinkId(pair.second).Select(id => (pair.first, id))));

    /// <summary>Texts that an operator could write: with spaces, capitals, and a mistake in every second one.</summary>
    public static Arbitrary<string> NearlyPatterns => Arb.From(Nearly(Gen.Frequency((12, Written), (1, Gen.Elements("spiffe:any", " SPIFFE:Any ")), (1, LongPatterns))), Shrink.Text);

    private static Arbitrary<(PatternParts Pattern, IdParts Id)> WithIds(Gen<PatternParts> patterns) =>
        Arb.From(
            from pattern in patterns
            from alternative in Gen.Elements(pattern.Alternatives.AsEnumerable())
            from meant in Meant(alternative)
            from id in Gen.OneOf(Gen.Constant(meant), FewIds, Gen.Elements(Beside(meant)))
            select (pattern, id),
            pair => ShrinkPattern(pair.pattern).Select(pattern => (pattern, pair.id)).Concat(ShrinkId(pair.id).Select(id => (pair.pattern, id))));

    private static Gen<IdParts> FewIds =>
        from name in FewNames
        from count in Gen.Choose(0, 5)
        from segments in FewSegments.ArrayOf(count)
        select new IdParts(name, [.. segments]);

    private static Gen<string> Written =>
        from pattern in PatternParts
        from before in Gen.Elements("", "", " ", "  ")
        from after in Gen.Elements("", "", " ")
        from upper in Gen.Elements(true, false)
        select string.Join(',', pattern.Alternatives.Select(alternative => $"{before}{(upper ? alternative.InCapitals : alternative)}{after}"));

    private static Gen<string> LongPatterns =>
        from pattern in Written
        from tooLong in Gen.Choose(0, 1)
        select $"{pattern},spiffe://td/{new string('x', SpiffeId.MaxLength - "spiffe://td/".Length + tooLong)}";

    private static Gen<IdParts> Meant(AlternativeParts alternative) =>
        from segments in Gen.CollectToArray(alternative.Segments, segment => segment == "*" ? FewSegments : Gen.Constant(segment))
        from count in Gen.Choose(0, alternative.Deep ? 3 : 0)
        from below in FewSegments.ArrayOf(count)
        select new IdParts(alternative.TrustDomain, [.. segments, .. below]);

    private static IEnumerable<IdParts> Beside(IdParts id) =>
    [
        id with { TrustDomain = id.TrustDomain + "x" },
        id with { Segments = id.Segments.Add("a") },
        id with { Segments = [.. id.Segments.SkipLast(1)] },
        id with { Segments = [.. id.Segments.Skip(1)] },
        id with { Segments = [.. id.Segments.SkipLast(1), .. id.Segments.TakeLast(1).Select(segment => segment + "x")] },
        CaseChanged(id),
    ];

    private static IEnumerable<PatternParts> ShrinkPattern(PatternParts pattern) =>
        Shrink.List(pattern.Alternatives, ShrinkAlternative).Where(alternatives => !alternatives.IsEmpty).Select(alternatives => new PatternParts(alternatives));

    private static IEnumerable<AlternativeParts> ShrinkAlternative(AlternativeParts alternative) =>
        Shrink.List(alternative.Segments, segment => segment == "*" ? ["a"] : [])
            .Where(segments => alternative.Deep || !segments.IsEmpty)
            .Select(segments => alternative with { Segments = segments });
}
