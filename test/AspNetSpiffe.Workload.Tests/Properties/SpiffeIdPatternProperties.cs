using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class SpiffeIdPatternProperties(ITestOutputHelper output) : PropertyTest(output)
{
    [Property(MaxTest = 2000)]
    public Property A_text_is_a_pattern_exactly_when_every_alternative_has_the_shape_of_one() =>
        Agree(Inputs.NearlyPatterns, text => SpiffeIdPattern.TryParse(text, out _), StandardGrammar.IsPattern);

    [Property(MaxTest = 2000)]
    public Property A_pattern_means_exactly_whom_its_regular_expression_matches() =>
        Agree(
            Inputs.PatternsAndIds,
            pair => SpiffeIdPattern.Parse(pair.Pattern.ToString()).Matches(SpiffeId.Parse(pair.Id.ToString())),
            pair => StandardGrammar.Means(pair.Pattern.ToString(), pair.Id.ToString()));

    [Property(MaxTest = 5000)]
    public Property A_pattern_of_many_alternatives_means_exactly_whom_one_of_them_means_segment_by_segment() =>
        Agree(
            Inputs.CrowdedPatternsAndIds,
            pair => SpiffeIdPattern.Parse(pair.Pattern.ToString()).Matches(SpiffeId.Parse(pair.Id.ToString())),
            pair => pair.Pattern.ToString().Split(',').Any(alternative => Means(alternative.Split('/'), pair.Id.ToString().Split('/'))));

    [Property]
    public Property What_TryParse_refuses_is_a_FormatException_of_Parse_and_what_it_takes_is_none() =>
        Prop.ForAll(Inputs.NearlyPatterns, text =>
        {
            if (SpiffeIdPattern.TryParse(text, out var pattern)) Assert.Equal(pattern, SpiffeIdPattern.Parse(text));
            else Assert.Throws<FormatException>(() => SpiffeIdPattern.Parse(text));
        });

    [Property, Trait("Spec", "ID-07")]
    public Property A_pattern_prints_itself_and_its_print_is_the_same_pattern() =>
        Prop.ForAll(Inputs.Patterns, parts =>
        {
            var pattern = SpiffeIdPattern.Parse(parts.ToString());
            Assert.Equal(parts.ToString(), pattern.ToString());
            Assert.Equal(pattern, SpiffeIdPattern.Parse(string.Join(" , ", parts.Alternatives.Select(alternative => alternative.InCapitals))));
        });

    [Property]
    public Property Whatever_was_read_as_a_pattern_prints_what_is_read_as_the_same_one() =>
        Prop.ForAll(Inputs.NearlyPatterns, text =>
        {
            if (!SpiffeIdPattern.TryParse(text, out var pattern)) return;
            Assert.Equal(pattern, SpiffeIdPattern.Parse(pattern.ToString()));
            Assert.Equal(pattern.ToString(), SpiffeIdPattern.Parse(pattern.ToString()).ToString());
        });

    [Property, Trait("Spec", "ID-14")]
    public Property A_pattern_without_stars_means_that_ID_and_no_other() =>
        Prop.ForAll(Inputs.FewIdPairs, pair =>
        {
            if (pair.First.Segments.IsEmpty) return;
            var matches = SpiffeIdPattern.Parse(pair.First.ToString()).Matches(SpiffeId.Parse(pair.Second.ToString()));
            Assert.Equal(pair.First.ToString() == pair.Second.ToString(), matches);
        });

    [Property]
    public Property The_members_of_a_trust_domain_are_its_IDs_with_a_path_and_nobody_else() =>
        Prop.ForAll(Inputs.FewIdPairs, pair =>
        {
            var member = pair.First.TrustDomain == pair.Second.TrustDomain && !pair.Second.Segments.IsEmpty;
            var id = SpiffeId.Parse(pair.Second.ToString());
            Assert.Equal(member, SpiffeIdPattern.MembersOf(TrustDomain.Parse(pair.First.TrustDomain)).Matches(id));
            Assert.Equal(member, SpiffeIdPattern.Parse($"spiffe://{pair.First.TrustDomain}/**").Matches(id));
        });

    private static bool Means(string[] alternative, string[] id)
    {
        if (alternative[^1] == "**") return id.Length >= alternative.Length && Means(alternative[..^1], id[..(alternative.Length - 1)]);
        return id.Length == alternative.Length && alternative.Zip(id).All(pair => pair.First == "*" || pair.First == pair.Second);
    }
}
