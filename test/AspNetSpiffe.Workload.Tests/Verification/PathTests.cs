using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Verification;

/// <summary>Which of several paths counts: one that is valid, wherever it stands among the others.</summary>
public sealed class PathTests : VerifierTest
{
    [Theory, Trait("Trial", "H-12"), Trait("Spec", "XV-v")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Of_two_roots_of_one_name_each_verifies_its_leafs_with_and_without_key_ids(bool oldHasKeyId, bool newHasKeyId)
    {
        var (old, next) = (Pki.CreateRoot(r => r with { KeyIds = oldHasKeyId }), Pki.CreateRoot(r => r with { KeyIds = newHasKeyId }));
        foreach (var bundle in new[] { Bundle(old, next), Bundle(next, old) })
        {
            AssertAccepted(Verify(old.Leaf(), bundles: bundle));
            AssertAccepted(Verify(next.Leaf(), bundles: bundle));
            AssertAccepted(Verify(next.Leaf(l => l with { KeyIds = false }), bundles: bundle));
            AssertAccepted(Verify(next.Intermediate().Leaf(), bundles: bundle));
        }
    }

    [Fact, Trait("Trial", "H-12"), Trait("Spec", "XV-v")]
    public void Of_many_roots_of_one_name_the_last_one_counts_too()
    {
        var roots = Enumerable.Range(0, 8).Select(_ => Pki.CreateRoot(r => r with { KeyIds = false })).ToArray();
        Assert.All(roots, root => AssertAccepted(Verify(root.Leaf(l => l with { KeyIds = false }), bundles: Bundle(roots))));
    }

    [Theory, Trait("Trial", "H-12"), Trait("Trial", "H-14"), Trait("Spec", "XL-05")]
    [InlineData(true)]
    [InlineData(false)]
    public void Our_own_SVID_is_taken_over_in_a_rollover_of_the_CA(bool newFirst)
    {
        var (old, next) = (Pki.CreateRoot(r => r with { KeyIds = false }), Pki.CreateRoot());
        X509Certificate2[] authorities = newFirst ? [next.Certificate, old.Certificate] : [old.Certificate, next.Certificate];
        var response = new Wire.X509SVIDResponse { Svids = { next.Leaf().ToWire(authorities) } };
        Assert.Single(new X509ContextReader(TimeProvider.System, new()).Read(response).Svids);
    }

    [Theory, Trait("Trial", "H-22"), Trait("Spec", "XV-v")]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_two_certificates_of_one_intermediate_one_that_leads_nowhere_does_no_harm(bool deadFirst)
    {
        var live = Pki.Root.Intermediate(i => i with { KeyIds = false });
        var dead = new TestPki("elsewhere").Root.Intermediate(i => i with { Subject = live.Certificate.Subject, WithKey = live.Key, KeyIds = false });
        X509Certificate2[] sent = deadFirst ? [dead.Certificate, live.Certificate] : [live.Certificate, dead.Certificate];
        AssertAccepted(InspectionOracle.Verify(live.Leaf().Leaf, [.. sent], Bundles, PeerRole.Client, Now));
    }

    [Theory, Trait("Trial", "H-22"), Trait("Spec", "XV-v")]
    [InlineData(true)]
    [InlineData(false)]
    public void An_intermediate_of_the_same_name_and_another_key_does_no_harm(bool otherFirst)
    {
        var (live, other) = (Pki.Root.Intermediate(i => i with { KeyIds = false }), Pki.Root.Intermediate(i => i with { KeyIds = false }));
        X509Certificate2[] sent = otherFirst ? [other.Certificate, live.Certificate] : [live.Certificate, other.Certificate];
        AssertAccepted(InspectionOracle.Verify(live.Leaf(l => l with { KeyIds = false }).Leaf, [.. sent], Bundles, PeerRole.Client, Now));
    }

    [Fact, Trait("Trial", "H-23"), Trait("Spec", "XV-v")]
    public void An_expired_root_that_a_good_one_has_cross_signed_does_no_harm()
    {
        var expired = new TestPki("td", root: r => r with { Subject = "CN=old", NotBefore = Now.AddDays(-9), NotAfter = Now.AddDays(-1) }).Root;
        var cross = Pki.Root.Intermediate(i => i with { Subject = "CN=old", WithKey = expired.Key });
        var leaf = expired.Leaf().Leaf;

        AssertAccepted(InspectionOracle.Verify(leaf, [cross.Certificate], Bundle(expired, Pki.Root), PeerRole.Client, Now));
        AssertRefused(RejectionReason.Expired, InspectionOracle.Verify(leaf, None, Bundle(expired, Pki.Root), PeerRole.Client, Now));
    }

    [Theory, Trait("Trial", "H-12")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void What_is_wrong_with_the_path_to_its_issuer_is_told_and_not_that_others_of_that_name_did_not_issue_it(int place)
    {
        TestAuthority Root(DateTimeOffset until) => new TestPki("td", root: r => r with { NotBefore = Now.AddDays(-9), NotAfter = until, KeyIds = false }).Root;
        var expired = Root(Now.AddDays(-1));
        List<TestAuthority> roots = [Root(Now.AddDays(1)), Root(Now.AddDays(1))];
        roots.Insert(place, expired);
        AssertRefused(RejectionReason.Expired, InspectionOracle.Verify(expired.Leaf(l => l with { KeyIds = false }).Leaf, None, Bundle([.. roots]), PeerRole.Client, Now));
    }

    [Fact, Trait("Trial", "H-13"), Trait("Spec", "XV-k")]
    public void An_authority_with_its_issuers_name_and_key_need_not_be_self_signed()
    {
        // "New with old" (RFC 4210 §4.4): the new key, signed with the old one, under one name.
        var next = Pki.Root.Intermediate(i => i with { Subject = Pki.Root.Certificate.Subject });
        AssertAccepted(Verify(next.Leaf(), bundles: Bundle(next)));
        AssertAccepted(InspectionOracle.Verify(next.Leaf().Leaf, None, Bundle(next), PeerRole.Client, Now));
        AssertAccepted(Verify(next.Leaf(), bundles: Bundle(next, Pki.Root)));
        AssertAccepted(Verify(next.Leaf(), bundles: Bundle(Pki.Root)));

        var withoutIds = Pki.Root.Intermediate(i => i with { Subject = Pki.Root.Certificate.Subject, KeyIds = false });
        AssertAccepted(InspectionOracle.Verify(withoutIds.Leaf(l => l with { KeyIds = false }).Leaf, None, Bundle(withoutIds), PeerRole.Client, Now));
    }

    [Fact, Trait("Trial", "H-22"), Trait("Spec", "XV-v")]
    public void A_stranger_who_sends_many_certificates_of_one_name_makes_us_build_a_bounded_number_of_chains()
    {
        var twins = Enumerable.Range(0, 15).Select(_ => Pki.Root.Intermediate(i => i with { Subject = Pki.Root.Certificate.Subject, KeyIds = false }).Certificate).ToArray();
        var forged = Pki.Root.Leaf(l => l with { KeyIds = false, SignedBy = TestKey.Create(KeyKind.P256) }).Leaf;
        Assert.InRange(ChainBuilds.Of(() => Assert.False(X509SvidVerifier.Verify(forged, [.. twins], Bundles, PeerRole.Client, Now).Accepted)), 1, 17);
    }

    [Fact, Trait("Trial", "H-22"), Trait("Spec", "XV-v")]
    public void A_stranger_whose_certificates_all_issue_each_other_makes_us_take_a_bounded_number_of_steps()
    {
        // Without a bound, eight certificates of one name are more than a hundred thousand ways to nowhere.
        var elsewhere = new TestPki("elsewhere").Root;
        var twins = Enumerable.Range(0, 8).Select(_ => elsewhere.Intermediate(i => i with { Subject = elsewhere.Certificate.Subject, KeyIds = false })).ToArray();
        var leaf = twins[0].Leaf(l => l with { KeyIds = false }).Leaf;
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(CertificationPaths.Find(leaf, [.. twins.Select(t => t.Certificate)], [Pki.Root.Intermediate(i => i with { Subject = "CN=other" }).Certificate]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    [Fact, Trait("Trial", "H-22"), Trait("Spec", "XV-v")]
    public void The_longer_the_chains_of_a_stranger_the_fewer_of_them_are_built()
    {
        // Ten steps, then two certificates of one name at each of the last: the paths have 11 signatures and more, and 64 are verified at most.
        var above = Pki.Root;
        var sent = new List<X509Certificate2>();
        for (var i = 0; i < 10; i++)
        {
            var (subject, issuer) = ($"CN=step {i}", above);
            above = issuer.Intermediate(c => c with { Subject = subject, KeyIds = false });
            sent.Add(above.Certificate);
            if (i < 4) sent.Add(issuer.Intermediate(c => c with { Subject = subject, WithKey = above.Key, KeyIds = false }).Certificate);
        }

        var forged = above.Leaf(l => l with { KeyIds = false, SignedBy = TestKey.Create(KeyKind.P256) }).Leaf;
        Assert.InRange(ChainBuilds.Of(() => Assert.False(X509SvidVerifier.Verify(forged, [.. sent], Bundles, PeerRole.Client, Now).Accepted)), 2, 6);
    }

    [Theory, Trait("Trial", "H-08"), Trait("Spec", "XV-u")]
    [InlineData(-20, -10, RejectionReason.Expired)]
    [InlineData(10, 20, RejectionReason.NotYetValid)]
    public void An_authority_that_is_not_valid_now_verifies_nobody_self_signed_or_not(int from, int until, RejectionReason reason)
    {
        var subordinate = Pki.Root.Intermediate(i => i with { NotBefore = Now.AddDays(from), NotAfter = Now.AddDays(until) });
        AssertRefused(reason, InspectionOracle.Verify(subordinate.Leaf().Leaf, None, Bundle(subordinate), PeerRole.Client, Now));
        AssertRefused(reason, Verify(subordinate.Leaf()));

        var root = Pki.CreateRoot(r => r with { NotBefore = Now.AddDays(from), NotAfter = Now.AddDays(until) });
        AssertRefused(reason, Verify(root.Leaf(), bundles: Bundle(root)));
    }

    [Theory, Trait("Trial", "H-24"), Trait("Spec", "XV-u")]
    [InlineData(0, true)]
    [InlineData(0.999, true)]
    [InlineData(1, false)]
    public void The_last_second_of_NotAfter_belongs_to_every_certificate(double later, bool accepted)
    {
        var end = new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
        CertificateSpec Ends(CertificateSpec spec) => spec with { NotAfter = end };
        CertificateSpec Lasts(CertificateSpec spec) => spec with { NotAfter = end.AddDays(1) };
        foreach (var ending in Enumerable.Range(0, 3))
        {
            var root = Pki.CreateRoot(ending == 0 ? Ends : Lasts);
            var svid = root.Intermediate(ending == 1 ? Ends : Lasts).Leaf(ending == 2 ? Ends : Lasts);
            var result = Verify(svid, bundles: Bundle(root), at: end.AddSeconds(later));
            Assert.Equal(accepted ? RejectionReason.None : RejectionReason.Expired, result.Reason);
        }
    }

    [Theory, Trait("Trial", "H-24"), Trait("Spec", "XV-u")]
    [InlineData(-0.001, false)]
    [InlineData(0, true)]
    public void The_first_moment_of_NotBefore_belongs_to_a_certificate(double later, bool accepted)
    {
        var begin = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var root = Pki.CreateRoot(r => r with { NotBefore = begin.AddDays(-1) });
        var result = Verify(root.Leaf(l => l with { NotBefore = begin }), bundles: Bundle(root), at: begin.AddSeconds(later));
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.NotYetValid, result.Reason);
    }

    [Fact, Trait("Trial", "H-16"), Trait("Trial", "M-07"), Trait("Spec", "XV-k")]
    public void Under_an_authority_that_is_not_self_signed_a_broken_rule_has_its_own_reason()
    {
        var authority = Pki.Root.Intermediate(i => i with { PathLength = 0, PermittedUriHost = "td", ExtendedKeyUsages = [CertificateSpec.ServerAuth] });
        var bundles = Bundle(authority);
        AssertRefused(RejectionReason.InvalidChain, Verify(authority.Intermediate(i => i with { Subject = "CN=too many" }).Leaf(), PeerRole.Server, bundles));
        AssertRefused(RejectionReason.NotForThisUse, Verify(authority.Leaf(), PeerRole.Client, bundles));
        AssertAccepted(Verify(authority.Leaf(), PeerRole.Server, bundles));

        var elsewhere = Pki.Root.Intermediate(i => i with { PermittedUriHost = "elsewhere" });
        AssertRefused(RejectionReason.InvalidChain, InspectionOracle.Verify(elsewhere.Leaf().Leaf, None, Bundle(elsewhere), PeerRole.Client, Now));
        AssertRefused(RejectionReason.InvalidChain, Verify(Pki.Root.Intermediate().Leaf(l => l with { UnknownCriticalExtension = true })));

        var noCertSign = Pki.Root.Intermediate(i => i with { KeyUsage = X509KeyUsageFlags.CrlSign });
        AssertRefused(RejectionReason.InvalidChain, InspectionOracle.Verify(noCertSign.Leaf().Leaf, None, Bundle(noCertSign), PeerRole.Client, Now));
    }

    [Fact, Trait("Trial", "H-16"), Trait("Spec", "XV-k")]
    public void What_an_authority_of_the_bundle_was_itself_allowed_does_not_matter()
    {
        var above = Pki.CreateRoot(r => r with { Subject = "CN=above", PermittedUriHost = "elsewhere" });
        var authority = above.Intermediate();

        // The platform finds what the peer sends and goes on above the authority, where its constraint forbids the leaf.
        AssertAccepted(InspectionOracle.Verify(authority.Leaf().Leaf, [above.Certificate], Bundle(authority), PeerRole.Client, Now));
        AssertRefused(RejectionReason.InvalidChain, InspectionOracle.Verify(authority.Leaf().Leaf, [authority.Certificate], Bundle(above), PeerRole.Client, Now));
    }

    [Theory, Trait("Trial", "H-14"), Trait("Spec", "XV-y")]
    [InlineData("2.5.29.37.0", true)]
    [InlineData(CertificateSpec.ServerAuth, false)]
    [InlineData("1.3.6.1.5.5.7.3.4", false)]
    public void An_intermediate_with_usages_gets_one_answer_for_our_own_SVID_and_for_theirs(string usage, bool isForBoth)
    {
        var svid = Pki.Root.Intermediate(i => i with { ExtendedKeyUsages = [usage] }).Leaf();
        Assert.Equal(isForBoth ? RejectionReason.None : RejectionReason.NotForThisUse, Verify(svid, PeerRole.Client).Reason);

        var response = new Wire.X509SVIDResponse { Svids = { svid.ToWire(Pki.Authorities) } };
        var own = Record.Exception(() => new X509ContextReader(TimeProvider.System, new()).Read(response));
        Assert.Equal(usage == "1.3.6.1.5.5.7.3.4", own is FormatException);
    }

    [Fact, Trait("Spec", "XV-y")]
    public void A_second_extension_of_usages_widens_nothing() => Assert.False(Verify(
        l => l with { ExtendedKeyUsages = [CertificateSpec.ClientAuth], SecondExtensions = [new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.4")], false)] }).Accepted);

    [Fact, Trait("Spec", "XC-12"), Trait("Trial", "H-26")]
    public void A_trust_domain_that_looks_like_an_address_is_compared_as_any_other()
    {
        var pki = new TestPki("10.0.0.1");
        X509BundleSet bundles = new([pki.Bundle]);
        AssertAccepted(Verify(pki.Root.Intermediate(i => i with { PermittedUriHost = "10.0.0.1" }).Leaf(), bundles: bundles));
        AssertRefused(RejectionReason.InvalidChain, Verify(pki.Root.Intermediate(i => i with { PermittedUriHost = "10.0.0.2" }).Leaf(), bundles: bundles));
    }

    [Theory, Trait("Trial", "A-05"), Trait("Spec", "XV-x")]
    [InlineData(0, null, null, false)]
    [InlineData(0, "1.2.3.4", "1.2.3.4", true)]
    [InlineData(0, "1.2.3.4", "1.2.3.5", false)]
    [InlineData(0, "2.5.29.32.0", "1.2.3.4", true)]
    [InlineData(0, "1.2.3.4", null, false)]
    [InlineData(0, null, "1.2.3.4", false)]
    [InlineData(9, null, null, true)]
    public void A_leaf_that_demands_a_policy_has_one_of_its_issuers(int skip, string? issuerPolicy, string? leafPolicy, bool accepted)
    {
        var issuer = Pki.Root.Intermediate(i => i with { Extensions = [.. Policies(issuerPolicy)] });
        var svid = issuer.Leaf(l => l with { Extensions = [RequireExplicitPolicy(skip), .. Policies(leafPolicy)] });
        var root = Pki.CreateRoot(r => r with { WithKey = Pki.Root.Key, Extensions = [.. Policies("2.5.29.32.0")] });
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.InvalidChain, Verify(svid, bundles: Bundle(root)).Reason);
    }

    [Theory, Trait("Trial", "A-05"), Trait("Spec", "XV-x")]
    [InlineData(0, "1.2.3.4", true)]
    [InlineData(0, null, false)]
    [InlineData(1, null, false)]
    [InlineData(2, null, false)]
    [InlineData(3, null, true)]
    public void An_intermediate_may_demand_policies_of_all_below_it(int skip, string? leafPolicy, bool accepted)
    {
        var root = Pki.CreateRoot(r => r with { Extensions = [.. Policies("2.5.29.32.0")] });
        var upper = root.Intermediate(i => i with { Subject = "CN=upper", Extensions = [RequireExplicitPolicy(skip), .. Policies("2.5.29.32.0")] });
        var svid = upper.Intermediate(i => i with { Subject = "CN=lower", Extensions = [.. Policies("2.5.29.32.0")] }).Leaf(l => l with { Extensions = [.. Policies(leafPolicy)] });
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.InvalidChain, Verify(svid, bundles: Bundle(root)).Reason);
    }

    [Theory, Trait("Trial", "A-05"), Trait("Spec", "XV-x")]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void A_certificate_that_an_intermediate_issued_itself_is_none_of_those_that_need_no_policy(int skip, bool accepted)
    {
        var upper = Pki.Root.Intermediate(i => i with { Subject = "CN=one", Extensions = [RequireExplicitPolicy(skip)] });
        var svid = upper.Intermediate(i => i with { Subject = "CN=one" }).Leaf();
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.InvalidChain, Verify(svid).Reason);
    }

    [Theory, Trait("Trial", "A-05"), Trait("Spec", "XV-x")]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Any_policy_is_one_where_nobody_forbids_it(int skip, bool accepted)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(skip);
        X509Extension inhibitAny = new("2.5.29.54", writer.Encode(), critical: true);
        var issuer = Pki.Root.Intermediate(i => i with { Extensions = [RequireExplicitPolicy(0), inhibitAny, .. Policies("1.2.3.4")] });
        var root = Pki.CreateRoot(r => r with { WithKey = Pki.Root.Key, Extensions = [.. Policies("2.5.29.32.0")] });
        var svid = issuer.Leaf(l => l with { Extensions = [.. Policies("2.5.29.32.0")] });
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.InvalidChain, Verify(svid, bundles: Bundle(root)).Reason);
    }

    [Theory, Trait("Trial", "A-05"), Trait("Spec", "XV-x")]
    [InlineData(null, "1.2.3.5", true)]
    [InlineData(1, "1.2.3.5", true)]
    [InlineData(0, "1.2.3.5", false)]
    [InlineData(null, "2.5.29.32.0", false)]
    public void A_policy_may_be_mapped_to_another_one_where_nobody_forbids_it(int? inhibitAfter, string to, bool accepted)
    {
        var upper = Pki.Root.Intermediate(i => i with { Subject = "CN=upper", Extensions = [Constraints(0, inhibitAfter), .. Policies("1.2.3.4")] });
        var lower = upper.Intermediate(i => i with { Subject = "CN=lower", Extensions = [Mapping("1.2.3.4", to), .. Policies("1.2.3.4")] });
        var svid = lower.Leaf(l => l with { Extensions = [.. Policies(to)] });
        var root = Pki.CreateRoot(r => r with { WithKey = Pki.Root.Key, Extensions = [.. Policies("2.5.29.32.0")] });
        Assert.Equal(accepted ? RejectionReason.None : RejectionReason.InvalidChain, Verify(svid, bundles: Bundle(root)).Reason);
    }

    [Fact, Trait("Trial", "A-05"), Trait("Spec", "XV-r")]
    public void Policies_that_cannot_be_read_are_refused_and_nothing_is_thrown() => AssertRefused(
        RejectionReason.InvalidChain, Verify(l => l with { Extensions = [new X509Extension("2.5.29.36", [0x30, 0x03, 0x80, 0x01], true)] }));

    [Theory, Trait("Trial", "H-12"), Trait("Spec", "XV-r")]
    [InlineData("2.5.29.14")]
    [InlineData("2.5.29.35")]
    public void Key_identifiers_that_cannot_be_read_throw_nothing(string oid)
    {
        X509Extension[] odd = [new(oid, [0x30, 0x05, 0x80], critical: false)];
        var intermediate = Pki.Root.Intermediate(i => i with { KeyIds = false, Extensions = [.. odd] });
        Assert.False(Verify(intermediate.Leaf(l => l with { KeyIds = false, Extensions = [.. odd], SignedBy = TestKey.Create(KeyKind.P256) })).Accepted);
        Assert.False(Verify(new TestPki("td").Root.Intermediate(i => i with { KeyIds = false, Extensions = [.. odd] }).Leaf(l => l with { KeyIds = false })).Accepted);
    }

    private X509BundleSet Bundle(params TestAuthority[] authorities) => new([new X509Bundle(Pki.TrustDomain, authorities.Select(a => a.Certificate))]);

    private static X509Extension[] Policies(string? oid)
    {
        if (oid is null) return [];
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(oid);

        return [new("2.5.29.32", writer.Encode(), critical: false)];
    }

    private static X509Extension RequireExplicitPolicy(int skip) => Constraints(skip, inhibitMapping: null);

    private static X509Extension Constraints(int requireExplicit, int? inhibitMapping)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(requireExplicit, new Asn1Tag(TagClass.ContextSpecific, 0));
            if (inhibitMapping is { } skip) writer.WriteInteger(skip, new Asn1Tag(TagClass.ContextSpecific, 1));
        }

        return new("2.5.29.36", writer.Encode(), critical: true);
    }

    private static X509Extension Mapping(string from, string to)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(from);
            writer.WriteObjectIdentifier(to);
        }

        return new("2.5.29.33", writer.Encode(), critical: false);
    }
}
