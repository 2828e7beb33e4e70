using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>Which bundle a trust domain has, where the source of our identity and an endpoint both have one.</summary>
public sealed class MergeTests
{
    private static readonly TestPki Own = new("td");
    private static readonly TestPki Partner = new("partner");
    private static readonly TestPki Other = new("other");
    private static readonly X509BundleSet Given = new([Own.Bundle, Partner.Bundle, Other.Bundle]) { Remarks = ["a remark"] };

    [Fact]
    public void A_trust_domain_with_an_endpoint_has_what_came_from_there_and_nothing_else()
    {
        var next = Next(Partner);
        var merged = Federated((Partner, next)).ApplyTo(Given, Own.TrustDomain);
        Assert.Same(next.X509, merged.Find(Partner.TrustDomain));
        Assert.Equal(3, merged.Count);
        Assert.Equal(Given.Remarks, merged.Remarks);
    }

    [Fact]
    public void Before_anything_came_from_there_it_has_none()
    {
        var merged = Federated((Partner, null)).ApplyTo(Given, Own.TrustDomain);
        Assert.Null(merged.Find(Partner.TrustDomain));
        Assert.Equal(2, merged.Count);
    }

    [Fact]
    public void One_that_did_not_come_with_our_identity_is_added()
    {
        var next = Next(Partner);
        Assert.Same(next.X509, Federated((Partner, next)).ApplyTo(new X509BundleSet([Own.Bundle]), Own.TrustDomain).Find(Partner.TrustDomain));
    }

    [Fact]
    public void Our_own_trust_domain_has_what_came_with_our_identity()
    {
        Assert.Same(Given.Find(Own.TrustDomain), Federated((Own, Next(Own))).ApplyTo(Given, Own.TrustDomain).Find(Own.TrustDomain));
        Assert.Null(Federated((Own, Next(Own))).ApplyTo(new X509BundleSet([]), Own.TrustDomain).Find(Own.TrustDomain));
    }

    [Fact, Trait("Spec", "FD-15")]
    public void All_others_have_what_came_with_our_identity_and_nothing_stays_of_an_endpoint_that_is_gone()
    {
        Assert.Same(Given.Find(Other.TrustDomain), Federated((Partner, Next(Partner))).ApplyTo(Given, Own.TrustDomain).Find(Other.TrustDomain));
        Assert.Same(Given, FederatedBundleSet.Empty.ApplyTo(Given, Own.TrustDomain));
        Assert.Null(FederatedBundleSet.Empty.ApplyTo(new X509BundleSet([Own.Bundle]), Own.TrustDomain).Find(Partner.TrustDomain));
    }

    [Fact]
    public void Keys_of_tokens_are_merged_alike()
    {
        var given = new JwtBundleSet([Keys(Own, "own"), Keys(Partner, "given"), Keys(Other, "given")]) { Remarks = ["a remark"] };
        var next = new SpiffeBundle(Partner.Bundle, Keys(Partner, "next"));
        var merged = Federated((Partner, next), (Own, new(Own.Bundle, Keys(Own, "false")))).ApplyTo(given, Own.TrustDomain);
        Assert.Equal(["given", "next", "own"], merged.OrderBy(bundle => bundle.TrustDomain.Name, StringComparer.Ordinal).Select(bundle => Assert.Single(bundle.Authorities).KeyId));
        Assert.Equal(given.Remarks, merged.Remarks);
        Assert.Null(Federated((Partner, null)).ApplyTo(given, Own.TrustDomain).Find(Partner.TrustDomain));
        Assert.Same(given, FederatedBundleSet.Empty.ApplyTo(given, null));
    }

    private static FederatedBundleSet Federated(params (TestPki Pki, SpiffeBundle? Bundle)[] entries) => new(System.Collections.Immutable.ImmutableDictionary.CreateRange(entries.Select(e => KeyValuePair.Create(e.Pki.TrustDomain, e.Bundle))));

    private static SpiffeBundle Next(TestPki pki) => new(new(pki.TrustDomain, [pki.CreateRoot().Certificate]), new(pki.TrustDomain, []));

    private static JwtBundle Keys(TestPki pki, string keyId) => new(pki.TrustDomain, [new(keyId, TestKey.Create(KeyKind.P256).PublicKey)]);
}
