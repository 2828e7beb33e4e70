using System.Security.Cryptography;
using System.Text;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Bundles;

public sealed class SpiffeBundleMapTests
{
    private static readonly TestPki Home = new("td");
    private static readonly TestPki Other = new("other.test");

    [Fact, Trait("Spec", "TB-16")]
    public void What_is_written_is_read_again_each_bundle_under_its_own_name()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var map = new SpiffeBundleMap([new(Home.Bundle, new(Home.TrustDomain, [new("k1", new(key))]), sequence: 7), new(Other.Bundle, new(Other.TrustDomain, []))]);

        var again = SpiffeBundleMap.Parse(map.ToUtf8Json());
        Assert.Equal(2, again.Count);
        Assert.Empty(again.Remarks);
        foreach (var bundle in map) Assert.Equal(bundle, again.Find(bundle.TrustDomain));
        Assert.Null(again.Find(TrustDomain.Parse("unknown")));
        Assert.StartsWith("""{"trust_domains":{"other.test":{"keys":[""", Encoding.UTF8.GetString(map.ToUtf8Json()), StringComparison.Ordinal);
    }

    [Fact]
    public void Refresh_hints_of_its_bundles_are_ignored()
    {
        var map = Parse("""{"trust_domains":{"td":{"keys":[],"spiffe_refresh_hint":60,"spiffe_sequence":1}}}""");
        Assert.Null(Assert.Single(map).RefreshHint);
        Assert.Equal(1UL, Assert.Single(map).Sequence);
    }

    [Theory, Trait("Spec", "TB-17")]
    [InlineData("", "not valid JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{}", "no object 'trust_domains'")]
    [InlineData("""{"trust_domains":[]}""", "no object 'trust_domains'")]
    [InlineData("""{"trust_domains":{"td":{"keys":[]},"td":{"keys":[]}}}""", "a member twice")]
    [InlineData("""{"trust_domains":{},"trust_domains":{}}""", "a member twice")]
    [InlineData("""{"trust_domains":{"td":{"keys":[],"keys":[]}}}""", "a member twice")]
    public void What_is_no_map_is_refused_whole(string json, string words) =>
        Assert.Contains(words, Assert.Throws<FormatException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"trust_domains":{"TD":{"keys":[]},"good":{"keys":[]}}}""", "The bundle of 'TD' is ignored: that is not the name of a trust domain.")]
    [InlineData("""{"trust_domains":{"spiffe://td":{"keys":[]},"good":{"keys":[]}}}""", "The bundle of 'spiffe://td' is ignored: that is not the name of a trust domain.")]
    [InlineData("""{"trust_domains":{"td":{},"good":{"keys":[]}}}""", "The bundle of 'td' is ignored: The JWK Set has no list of 'keys'.")]
    [InlineData("""{"trust_domains":{"td":null,"good":{"keys":[]}}}""", "The bundle of 'td' is ignored: The JWK Set is not a JSON object.")]
    public void A_bundle_that_cannot_be_read_is_left_out_and_the_others_count(string json, string remark)
    {
        var map = Parse(json);
        Assert.Equal("good", Assert.Single(map).TrustDomain.Name);
        Assert.Equal(remark, Assert.Single(map.Remarks));
    }

    [Fact]
    public void An_empty_map_trusts_nobody() => Assert.Empty(Parse("""{"trust_domains":{}}"""));

    [Fact]
    public void A_document_has_a_limit() =>
        Assert.Contains("the limit is 16777216", Assert.Throws<FormatException>(() => SpiffeBundleMap.Parse(new byte[(16 * 1024 * 1024) + 1])).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_bundles_of_one_trust_domain_make_no_map() =>
        Assert.Throws<ArgumentException>(() => new SpiffeBundleMap([new(Home.Bundle, new(Home.TrustDomain, [])), new(Home.Bundle, new(Home.TrustDomain, []))]));

    private static SpiffeBundleMap Parse(string json) => SpiffeBundleMap.Parse(Encoding.UTF8.GetBytes(json));
}
