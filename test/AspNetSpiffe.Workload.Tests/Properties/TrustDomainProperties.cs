using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace AspNetSpiffe.Workload.Tests.Properties;

public sealed class TrustDomainProperties(ITestOutputHelper output) : PropertyTest(output)
{
    [Property(MaxTest = 2000)]
    [Trait("Spec", "ID-02"), Trait("Spec", "ID-05"), Trait("Spec", "ID-06"), Trait("Spec", "ID-17"), Trait("Spec", "ID-19")]
    public Property A_text_names_a_trust_domain_exactly_when_the_grammar_of_the_standard_says_so() =>
        Agree(Inputs.NearlyTrustDomains, text => TrustDomain.TryParse(text, out _), StandardGrammar.IsTrustDomain);

    [Property]
    public Property What_TryParse_refuses_is_a_FormatException_of_Parse_and_what_it_takes_is_none() =>
        Prop.ForAll(Inputs.NearlyTrustDomains, text =>
        {
            if (TrustDomain.TryParse(text, out var trustDomain)) Assert.Equal(trustDomain, TrustDomain.Parse(text));
            else Assert.Throws<FormatException>(() => TrustDomain.Parse(text));
        });

    [Property]
    [Trait("Spec", "ID-06"), Trait("Spec", "ID-19")]
    public Property A_trust_domain_is_the_same_by_its_name_by_its_ID_and_from_an_ID_of_it() =>
        Prop.ForAll(Inputs.Names, name =>
        {
            var trustDomain = TrustDomain.Parse(name);
            Assert.Equal(name, trustDomain.ToString());
            Assert.Equal($"spiffe://{name}", trustDomain.Id.ToString());
            Assert.Equal(trustDomain, TrustDomain.Parse($"spiffe://{name}"));
            Assert.Equal(trustDomain, SpiffeId.Parse($"spiffe://{name}/a").TrustDomain);
        });

    [Property]
    [Trait("Spec", "ID-06"), Trait("Spec", "ID-14")]
    public Property Two_trust_domains_are_equal_exactly_when_their_names_are() =>
        Prop.ForAll(Inputs.IdPairs, pair =>
        {
            var (first, second) = (TrustDomain.Parse(pair.First.TrustDomain), TrustDomain.Parse(pair.Second.TrustDomain));
            var same = string.Equals(pair.First.TrustDomain, pair.Second.TrustDomain, StringComparison.Ordinal);
            Assert.Equal(same, first == second);
            Assert.Equal(same, SpiffeId.Parse(pair.First.ToString()).IsMemberOf(second));
            if (same) Assert.Equal(first.GetHashCode(), second.GetHashCode());
        });
}
