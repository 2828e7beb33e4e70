using FsCheck;
using FsCheck.Fluent;

namespace AspNetSpiffe.Workload.Tests.Properties;

/// <summary>What the properties are checked with: valid by construction, or valid but for one change.</summary>
internal static partial class Inputs
{
    private const string NameCharacters = "abcxyz0189.-_";
    private const string SegmentCharacters = NameCharacters + "ABCXYZ";

    // Half of it may stand in a name; the Kelvin sign and the long s become ASCII where somebody lowers or raises them.
    private static readonly Gen<string> Snippets = Gen.Elements(
        "a", "Z", "0", "-", "_", ".", "..", "/", "//", "/.", "/..", "/./", "/../", "/.a", "/...", "*", "**", "/*", "/**", ",", " ", "\t", "\r", "\n", "\0", "?", "#", "%", "%41", "@", ":", ":1",
        "\\", "[", "]", "~", "+", "é", "ı", "\u212A", "\u017F", "\u2215", "\uFF0F", "\uD800", "\u200B", "spiffe://");

    private static readonly Gen<string> TrustDomainNames = Gen.Frequency(
        (8, Text(NameCharacters, 1, 12)),
        (4, Gen.Elements("td", "example.org", "-", ".", "..", "192.168.1.1", "td_1", "spiffe", "a..b")),
        (2, Text(NameCharacters, 254, 255)));

    private static readonly Gen<string> Segments = Gen.Frequency(
        (6, Text(SegmentCharacters, 1, 8).Where(segment => segment is not ("." or ".."))),
        (2, Gen.Elements("...", ".a", "a.", "..a", "-", "_", "A", "a")));

    private static readonly Gen<IdParts> AnyIdParts =
        from name in TrustDomainNames
        from count in Gen.Choose(0, 6)
        from segments in Segments.ArrayOf(count)
        select new IdParts(name, [.. segments]);

    /// <summary>Valid IDs, now and then as long as one may be.</summary>
    private static readonly Gen<IdParts> IdParts = Gen.Frequency(
        (7, AnyIdParts),
        (1, from id in AnyIdParts from spare in Gen.Choose(0, 1) select id.FilledTo(SpiffeId.MaxLength - spare)));

    public static Arbitrary<IdParts> Ids => Arb.From(IdParts, ShrinkId);

    /// <summary>Two IDs of which the second is the first, or nearly so.</summary>
    public static Arbitrary<(IdParts First, IdParts Second)> IdPairs =>
        Arb.From(
            from first in AnyIdParts
            from cut in Gen.Choose(0, first.Segments.Length)
            from second in Gen.OneOf(
                Gen.Elements(first, CaseChanged(first), first with { Segments = first.Segments[..cut] }, first with { Segments = first.Segments[cut..] }),
                AnyIdParts,
                TrustDomainNames.Select(name => first with { TrustDomain = name }))
            select (first, second),
            pair => ShrinkId(pair.first).Select(id => (id, pair.second)).Concat(ShrinkId(pair.second).Select(id => (pair.first, id))));

    public static Arbitrary<string> NearlyIds => Arb.From(Nearly(IdParts.Select(id => id.ToString())), Shrink.Text);

    public static Arbitrary<string> NearlyTrustDomains =>
        Arb.From(Nearly(from name in TrustDomainNames from scheme in Gen.Elements("", "", "spiffe://") select scheme + name), Shrink.Text);

    public static Arbitrary<string> Names => Arb.From(TrustDomainNames, name => Shrink.Text(name).Where(smaller => smaller.Length > 0));

    public static IEnumerable<IdParts> ShrinkId(IdParts id) =>
        Shrink.List(id.Segments, segment => Shrink.Text(segment).Where(smaller => smaller is not ("" or "." or ".."))).Select(segments => id with { Segments = segments })
            .Concat(Shrink.Text(id.TrustDomain).Where(smaller => smaller.Length > 0).Select(name => id with { TrustDomain = name }));

    /// <summary>The text, or the text with one change.</summary>
    private static Gen<string> Nearly(Gen<string> valid) => valid.SelectMany(text => Gen.Frequency((1, Gen.Constant(text)), (2, Changed(text, Snippets))));

    /// <summary>A text with one snippet in it, one character replaced by a snippet, or one character out, twice or in the other case.</summary>
    private static Gen<string> Changed(string text, Gen<string> snippets) =>
        from at in Gen.Frequency((4, Gen.Choose(0, text.Length - 1)), (1, Gen.Constant(text.Length - 1)), (1, Gen.Constant(0)))
        from snippet in snippets
        from changed in Gen.Elements(
            text.Insert(at, snippet),
            text + snippet,
            text[..at] + snippet + text[(at + 1)..],
            text.Remove(at, 1),
            text.Insert(at, text[at].ToString()),
            text[..at] + OtherCase(text[at]) + text[(at + 1)..])
        select changed;

    private static IdParts CaseChanged(IdParts id) => id with { Segments = [.. id.Segments.Select(segment => string.Concat(segment.Select(OtherCase)))] };

    private static Gen<string> Text(string alphabet, int least, int most) =>
        from length in Gen.Choose(least, most)
        from characters in Gen.Elements(alphabet.AsEnumerable()).ArrayOf(length)
        select new string(characters);

    private static char OtherCase(char c) => char.IsAsciiLetter(c) ? (char)(c ^ ' ') : c;
}
