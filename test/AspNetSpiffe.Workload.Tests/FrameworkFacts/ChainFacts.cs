using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.FrameworkFacts;

/// <summary>What X509Chain does on .NET 10, and so what our verifier must do itself. A failure means that the framework changed.</summary>
public sealed class ChainFacts
{
    // Whoever sets IgnoreInvalidName against host names switches name constraints off as well: mask the mismatch in the callback instead.
    private const bool NameConstraintsAreIgnoredWithTheFlag = true;

    private static readonly TestPki Pki = new("td", intermediates: 1);

    [Fact, Trait("Spec", "XV-b")]
    public void GetNameInfo_gives_only_the_first_URI()
    {
        using var leaf = Pki.Leaf(l => l with { Uris = ["spiffe://td/a", "spiffe://td/b"] }).Leaf;
        Assert.Equal("spiffe://td/a", leaf.GetNameInfo(X509NameType.UrlName, forIssuer: false));

        using var none = Pki.Leaf(l => l with { Uris = [] }).Leaf;
        Assert.Equal("", none.GetNameInfo(X509NameType.UrlName, forIssuer: false));
    }

    [Fact, Trait("Spec", "XV-e")]
    public void A_leaf_with_cA_true_is_accepted() => Assert.Equal(X509ChainStatusFlags.NoError, Build(Pki.Leaf(l => l with { Ca = true })));

    [Theory]
    [Trait("Spec", "XV-f"), Trait("Spec", "XV-g")]
    [InlineData(null)]
    [InlineData(X509KeyUsageFlags.KeyCertSign)]
    [InlineData(X509KeyUsageFlags.CrlSign)]
    [InlineData(X509KeyUsageFlags.KeyEncipherment)]
    public void A_leaf_with_any_key_usage_or_none_is_accepted(X509KeyUsageFlags? usage) =>
        Assert.Equal(X509ChainStatusFlags.NoError, Build(Pki.Leaf(l => l with { KeyUsage = usage })));

    [Fact, Trait("Spec", "XV-l")]
    public void A_self_signed_leaf_among_the_anchors_is_accepted()
    {
        using var leaf = Pki.SelfSignedLeaf();
        using var built = Built(leaf, [leaf], []);
        Assert.Empty(built.Chain.ChainStatus);
    }

    [Fact, Trait("Spec", "XV-j")]
    public void An_empty_store_trusts_nobody()
    {
        var svid = Pki.Leaf();
        using var built = Built(svid.Leaf, [], svid.Intermediates);
        Assert.False(built.Accepted);
        Assert.Equal(X509ChainStatusFlags.PartialChain, built.Status);
    }

    [Theory]
    [Trait("Spec", "XV-k")]
    [InlineData(X509VerificationFlags.NoFlag, false)]
    [InlineData(X509VerificationFlags.AllowUnknownCertificateAuthority, true)]
    public void An_anchor_that_is_not_self_signed_is_refused_without_a_flag(X509VerificationFlags flags, bool accepted)
    {
        var svid = Pki.Leaf();
        using var built = Built(svid.Leaf, svid.Intermediates, [], policy => policy.VerificationFlags = flags);
        Assert.Equal(accepted, built.Accepted);
        Assert.Equal(X509ChainStatusFlags.PartialChain, built.Status);
        Assert.Equal(svid.Intermediates[0].RawData, built.Chain.ChainElements[^1].Certificate.RawData);
    }

    [Fact, Trait("Spec", "XV-k")]
    public void The_flag_that_accepts_such_an_anchor_accepts_every_stranger()
    {
        var stranger = new TestPki("td", intermediates: 1).Leaf();
        using var built = Built(stranger.Leaf, [Pki.Root.Certificate], stranger.Intermediates, p => p.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority);
        Assert.True(built.Accepted);
    }

    [Theory]
    [Trait("Spec", "XC-07")]
    [InlineData("spiffe://td/a", X509VerificationFlags.NoFlag, true)]
    [InlineData("spiffe://x.td/a", X509VerificationFlags.NoFlag, false)]
    [InlineData("spiffe://other/a", X509VerificationFlags.NoFlag, false)]
    [InlineData("spiffe://other/a", X509VerificationFlags.IgnoreInvalidName, NameConstraintsAreIgnoredWithTheFlag)]
    public void Name_constraints_hold_unless_invalid_names_are_ignored(string uri, X509VerificationFlags flags, bool accepted)
    {
        var svid = Pki.Root.Intermediate(i => i with { PermittedUriHost = "td" }).Leaf(l => l with { Uris = [uri] });
        using var built = Built(svid.Leaf, [Pki.Root.Certificate], svid.Intermediates, policy => policy.VerificationFlags = flags);
        Assert.Equal(accepted, built.Accepted);
        Assert.Equal(uri != "spiffe://td/a", built.Status.HasFlag(X509ChainStatusFlags.HasNotPermittedNameConstraint));
    }

    [Fact]
    public void A_policy_is_cloned_with_its_lists()
    {
        var policy = Policy([Pki.Root.Certificate], []);
        var clone = policy.Clone();
        clone.CustomTrustStore.Clear();
        clone.ExtraStore.Add(Pki.Root.Certificate);
        clone.ApplicationPolicy.Add(new(CertificateSpec.ClientAuth));

        Assert.Single(policy.CustomTrustStore);
        Assert.Same(Pki.Root.Certificate, policy.CustomTrustStore[0]);
        Assert.Empty(policy.ExtraStore);
        Assert.Empty(policy.ApplicationPolicy);
        Assert.Equal((X509ChainTrustMode.CustomRootTrust, X509RevocationMode.NoCheck, true), (clone.TrustMode, clone.RevocationMode, clone.DisableCertificateDownloads));
    }

    [Fact, Trait("Spec", "XV-o")]
    public void A_new_policy_asks_for_revocation_and_downloads()
    {
        var policy = new X509ChainPolicy();
        Assert.Equal(X509RevocationMode.Online, policy.RevocationMode);
        Assert.False(policy.DisableCertificateDownloads);
    }

    [Theory]
    [Trait("Spec", "XV-o")]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task Without_downloads_no_URL_of_the_peer_is_asked(bool disableDownloads, int atLeast)
    {
        await using var listener = await AiaListener.StartAsync();
        var svid = Pki.Leaf(l => l with { AiaUrl = listener.Url });
        using var built = Built(svid.Leaf, [Pki.Root.Certificate], [], policy => policy.DisableCertificateDownloads = disableDownloads);

        Assert.False(built.Accepted);
        Assert.InRange(listener.Requests, atLeast, atLeast * 10);
    }

    private static X509ChainStatusFlags Build(TestSvid svid)
    {
        using var built = Built(svid.Leaf, [Pki.Root.Certificate], svid.Intermediates, policy => policy.ApplicationPolicy.Add(new(CertificateSpec.ClientAuth)));
        Assert.True(built.Accepted);
        return built.Status;
    }

    private static BuiltChain Built(
        X509Certificate2 leaf, IEnumerable<X509Certificate2> anchors, IEnumerable<X509Certificate2> intermediates, Action<X509ChainPolicy>? change = null)
    {
        var chain = new X509Chain { ChainPolicy = Policy(anchors, intermediates) };
        change?.Invoke(chain.ChainPolicy);
        return new(chain, chain.Build(leaf));
    }

    private static X509ChainPolicy Policy(IEnumerable<X509Certificate2> anchors, IEnumerable<X509Certificate2> intermediates)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(anchors.ToArray());
        policy.ExtraStore.AddRange(intermediates.ToArray());
        return policy;
    }

    private sealed record BuiltChain(X509Chain Chain, bool Accepted) : IDisposable
    {
        public X509ChainStatusFlags Status => Chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);

        public void Dispose() => Chain.Dispose();
    }
}
