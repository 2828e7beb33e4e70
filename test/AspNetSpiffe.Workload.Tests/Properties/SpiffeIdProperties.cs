using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class SpiffeIdProperties(ITestOutputHelper output) : PropertyTest(output)
{
    [Property(MaxTest = 2000)]
    [Trait("Spec", "ID-01"), Trait("Spec", "ID-02"), Trait("Spec", "ID-03"), Trait("Spec", "ID-04"), Trait("Spec", "ID-05"), Trait("Spec", "ID-06")]
    [Trait("Spec", "ID-08"), Trait("Spec", "ID-09"), Trait("Spec", "ID-10"), Trait("Spec", "ID-11"), Trait("Spec", "ID-12"), Trait("Spec", "ID-13")]
    [Trait("Spec", "ID-15"), Trait("Spec", "ID-17"), Trait("Spec", "ID-20")]
    public Property A_text_is_an_ID_exactly_when_the_grammar_of_the_standard_says_so() =>
        Agree(Inputs.NearlyIds, text => SpiffeId.TryParse(text, out _), StandardGrammar.IsId);

    [Property]
    public Property What_TryParse_refuses_is_a_FormatException_of_Parse_and_what_it_takes_is_none() =>
        Prop.ForAll(Inputs.NearlyIds, text =>
        {
            if (SpiffeId.TryParse(text, out var id)) Assert.Equal(id, SpiffeId.Parse(text));
            else Assert.Throws<FormatException>(() => SpiffeId.Parse(text));
        });

    [Property]
    [Trait("Spec", "ID-15"), Trait("Spec", "ID-18")]
    public Property An_ID_gives_back_the_text_and_the_parts_that_were_read() =>
        Prop.ForAll(Inputs.Ids, parts =>
        {
            var id = SpiffeId.Parse(parts.ToString());
            Assert.Equal(parts.ToString(), id.ToString());
            Assert.Equal(parts.TrustDomain, id.TrustDomain.Name);
            Assert.Equal(parts.Path, id.Path);
            Assert.Equal(parts.Segments.AsEnumerable(), id.Segments);
        });

    [Property]
    [Trait("Spec", "ID-18")]
    public Property An_ID_made_of_parts_is_the_ID_that_was_read() =>
        Prop.ForAll(Inputs.Ids, parts =>
        {
            var id = SpiffeId.Parse(parts.ToString());
            Assert.Equal(id, SpiffeId.Create(TrustDomain.Parse(parts.TrustDomain), [.. parts.Segments]));
            Assert.Equal(id, SpiffeId.Parse($"spiffe://{parts.TrustDomain}/other").WithPath(parts.Path));
        });

    [Property]
    [Trait("Spec", "ID-14"), Trait("Spec", "ID-18")]
    public Property Two_IDs_are_equal_exactly_when_their_texts_are() =>
        Prop.ForAll(Inputs.IdPairs, pair =>
        {
            var (first, second) = (SpiffeId.Parse(pair.First.ToString()), SpiffeId.Parse(pair.Second.ToString()));
            var same = string.Equals(pair.First.ToString(), pair.Second.ToString(), StringComparison.Ordinal);
            Assert.Equal(same, first.Equals(second));
            Assert.Equal(same, first == second);
            Assert.Equal(!same, first != second);
            if (same) Assert.Equal(first.GetHashCode(), second.GetHashCode());
        });

    [Property]
    public Property A_path_begins_and_ends_with_whole_segments_only() =>
        Prop.ForAll(Inputs.IdPairs, pair =>
        {
            var (id, part) = (SpiffeId.Parse(pair.First.ToString()), pair.Second);
            if (part.Segments.IsEmpty) return;
            Assert.Equal(pair.First.Segments.Take(part.Segments.Length).SequenceEqual(part.Segments), id.HasPathPrefix(part.Path));
            Assert.Equal(pair.First.Segments.TakeLast(part.Segments.Length).SequenceEqual(part.Segments), id.HasPathSuffix(part.Path));
        });
}
