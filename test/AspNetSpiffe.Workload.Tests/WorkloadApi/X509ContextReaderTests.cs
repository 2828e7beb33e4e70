using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.WorkloadApi;

public sealed class X509ContextReaderTests
{
    private readonly TestPki _pki = new("td", intermediates: 1);
    private readonly X509ContextReader _reader = new(TimeProvider.System, SpiffeLimits.Default);

    [Fact, Trait("Spec", "WA-08")]
    public void A_message_is_read_whole_and_in_order()
    {
        var other = new TestPki("other");
        var context = _reader.Read(_pki.Response([_pki.Leaf("/first"), _pki.Leaf("/second")], other));

        Assert.Equal(["spiffe://td/first", "spiffe://td/second"], context.Svids.Select(s => s.Id.ToString()));
        Assert.Same(context.Svids[0], context.DefaultSvid);
        Assert.Single(context.DefaultSvid.Intermediates);
        Assert.True(context.DefaultSvid.Leaf.HasPrivateKey);
        Assert.Equal(_pki.Bundle, context.Bundles.Find(_pki.TrustDomain));
        Assert.Equal(other.Bundle, context.Bundles.Find(other.TrustDomain));
        Assert.Empty(_reader.Remarks);
    }

    [Fact, Trait("Spec", "WA-07")]
    public void A_message_without_SVID_is_refused() => AssertRefused("no SVID", new X509SVIDResponse());

    [Theory, Trait("Spec", "WA-07")]
    [InlineData("spiffe_id")]
    [InlineData("x509_svid")]
    [InlineData("x509_svid_key")]
    [InlineData("bundle")]
    public void A_message_with_an_empty_mandatory_field_is_refused_whole(string field)
    {
        var response = _pki.Response([_pki.Leaf("/good"), _pki.Leaf("/bad")]);
        var bad = response.Svids[1];
        if (field == "spiffe_id") bad.SpiffeId = "";
        if (field == "x509_svid") bad.X509Svid = ByteString.Empty;
        if (field == "x509_svid_key") bad.X509SvidKey = ByteString.Empty;
        if (field == "bundle") bad.Bundle = ByteString.Empty;
        AssertRefused($"'{field}'", response);
    }

    [Fact]
    public void The_private_keys_in_a_message_are_cleared()
    {
        var response = _pki.Response(_pki.Leaf());
        _reader.Read(response);
        Assert.All(response.Svids[0].X509SvidKey, b => Assert.Equal(0, b));
    }

    [Fact]
    public void The_private_keys_in_a_refused_message_are_cleared_too()
    {
        var response = _pki.Response([_pki.Leaf("/a"), _pki.Leaf("/b")]);
        response.Svids[0].Bundle = ByteString.Empty;
        Assert.Throws<FormatException>(() => _reader.Read(response));
        Assert.All(response.Svids.SelectMany(s => s.X509SvidKey), b => Assert.Equal(0, b));
    }

    [Fact, Trait("Spec", "XL-01")]
    public void Bytes_after_the_certificates_are_refused() => AssertRefused("no DER certificate at byte", Changed(s => s.X509Svid = Append(s.X509Svid, 0)));

    [Fact, Trait("Spec", "XL-01")]
    public void A_truncated_certificate_is_refused() => AssertRefused("no DER certificate at byte", Changed(s => s.X509Svid = ByteString.CopyFrom(s.X509Svid.Span[..^1])));

    [Fact, Trait("Spec", "XL-01")]
    public void A_certificate_that_only_a_lenient_reader_takes_is_refused()
    {
        var leaf = _pki.Leaf();
        var der = leaf.Leaf.RawData;
        var parts = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        parts.ReadEncodedValue();
        parts.ReadEncodedValue();

        // The third part is the signature: tag, length, the number of bits to leave out. DER wants those bits to be zero.
        der[der.Length - parts.ReadEncodedValue().Length + 2] = 7;
        der[^1] = 0xFF;
        AssertRefused("not in DER", Changed(s => s.X509Svid = ByteString.CopyFrom(der)));
    }

    [Fact, Trait("Spec", "XL-01")]
    public void PEM_is_refused() => AssertRefused("no DER certificate at byte 0", Changed(s => s.X509Svid = ByteString.CopyFromUtf8(_pki.Leaf().Leaf.ExportCertificatePem())));

    [Fact, Trait("Spec", "XL-02")]
    public void The_key_of_another_leaf_is_refused() => AssertRefused("private key", Changed(s => s.X509SvidKey = ByteString.CopyFrom(_pki.Leaf().Pkcs8)));

    [Fact, Trait("Spec", "XL-02")]
    public void Bytes_after_the_key_are_refused() => AssertRefused("trailing bytes", Changed(s => s.X509SvidKey = Append(s.X509SvidKey, 0)));

    [Fact, Trait("Spec", "XL-03")]
    public void An_ID_that_the_leaf_does_not_have_is_refused() => AssertRefused("not 'spiffe://td/admin'", Changed(s => s.SpiffeId = "spiffe://td/admin"));

    [Fact, Trait("Spec", "XL-04")]
    public void Our_own_leaf_keeps_the_rules_for_leafs()
    {
        AssertRefused("is a CA", _pki.Response(_pki.Leaf(l => l with { Ca = true })));
        AssertRefused("may sign", _pki.Response(_pki.Leaf(l => l with { KeyUsage = (System.Security.Cryptography.X509Certificates.X509KeyUsageFlags)0x86 })));
        AssertRefused("digitalSignature", _pki.Response(_pki.Leaf(l => l with { KeyUsage = null })));
        AssertRefused("not a workload", _pki.Response(_pki.Leaf(l => l with { Uris = ["spiffe://td"] })));
        AssertRefused("exactly one URI name", _pki.Response(_pki.Leaf(l => l with { Uris = ["spiffe://td/a", "spiffe://td/b"] })));
    }

    [Fact, Trait("Spec", "XL-04")]
    public void An_intermediate_that_is_no_CA_is_refused() =>
        AssertRefused("is not a CA", _pki.Response(_pki.Root.Intermediate(i => i with { Ca = false }).Leaf()));

    [Theory, Trait("Spec", "XL-04")]
    [InlineData(null)]
    [InlineData(X509KeyUsageFlags.CrlSign)]
    public void An_intermediate_that_may_not_sign_certificates_is_refused(X509KeyUsageFlags? usage) =>
        AssertRefused("not a CA that may sign", _pki.Response(_pki.Root.Intermediate(i => i with { KeyUsage = usage }).Leaf()));

    [Fact, Trait("Spec", "XL-05")]
    public void An_SVID_that_its_own_bundle_does_not_verify_is_refused() =>
        AssertRefused("does not verify", Changed(s => s.Bundle = ByteString.CopyFrom(new TestPki("td").BundleDer)));

    [Fact, Trait("Spec", "XL-05")]
    public void An_expired_SVID_is_refused() =>
        AssertRefused("Expired", _pki.Response(_pki.Leaf(l => l with { NotBefore = DateTimeOffset.UtcNow.AddHours(-2), NotAfter = DateTimeOffset.UtcNow.AddHours(-1) })));

    [Fact, Trait("Spec", "XL-05")]
    public void An_SVID_of_an_agent_whose_clock_is_ahead_is_taken() =>
        Assert.NotNull(_reader.Read(_pki.Response(_pki.Leaf(l => l with { NotBefore = DateTimeOffset.UtcNow.AddMinutes(2) }))));

    [Fact, Trait("Spec", "XL-06")]
    public void An_SVID_with_an_Ed25519_key_is_left_out_and_the_others_stay()
    {
        var context = _reader.Read(_pki.Response([_pki.Leaf(l => l with { Key = KeyKind.Ed25519 }), _pki.Leaf("/good")]));
        Assert.Equal("/good", Assert.Single(context.Svids).Id.Path);
        Assert.Contains("1.3.101.112", Assert.Single(_reader.Remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-09")]
    public void Of_two_SVIDs_with_one_hint_the_first_counts_and_empty_hints_are_no_hints()
    {
        var response = _pki.Response([_pki.Leaf("/a"), _pki.Leaf("/b"), _pki.Leaf("/c"), _pki.Leaf("/d")]);
        response.Svids[1].Hint = response.Svids[2].Hint = "internal";
        Assert.Equal(["/a", "/b", "/d"], _reader.Read(response).Svids.Select(s => s.Id.Path));
        Assert.Contains("'internal'", Assert.Single(_reader.Remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-14")]
    public void A_federated_bundle_for_our_own_trust_domain_changes_nothing()
    {
        var context = _reader.Read(_pki.Response(_pki.Leaf(), new TestPki("td")));
        Assert.Equal(_pki.Bundle, context.Bundles.Find(_pki.TrustDomain));
        Assert.Single(_reader.Remarks);
    }

    [Fact, Trait("Spec", "WA-15")]
    public void Of_two_bundles_for_our_own_trust_domain_that_of_the_first_SVID_counts()
    {
        var response = _pki.Response([_pki.Leaf("/a"), _pki.Leaf("/b")]);
        response.Svids[1].Bundle = ByteString.CopyFrom(TestPki.Der([_pki.Root.Certificate, _pki.CreateRoot().Certificate]));
        Assert.Equal(_pki.Bundle, _reader.Read(response).Bundles.Find(_pki.TrustDomain));
        Assert.Contains("different bundles", Assert.Single(_reader.Remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-16")]
    public void Revocation_lists_are_passed_over()
    {
        var response = _pki.Response(_pki.Leaf());
        response.Crl.Add(ByteString.CopyFromUtf8("no CRL at all"));
        Assert.Single(_reader.Read(response).Svids);
        Assert.Empty(_reader.Remarks);
    }

    [Theory]
    [InlineData("spiffe://bad")]
    [InlineData("spiffe://other/path")]
    [InlineData("OTHER")]
    public void A_federated_bundle_that_cannot_be_read_costs_only_itself(string key)
    {
        var other = new TestPki("other");
        var response = _pki.Response(_pki.Leaf(), other);
        response.FederatedBundles.Add(key, ByteString.CopyFromUtf8("garbage"));

        var context = _reader.Read(response);
        Assert.Equal(2, context.Bundles.Count);
        Assert.NotNull(context.Bundles.Find(other.TrustDomain));
        Assert.Contains("ignored", Assert.Single(_reader.Remarks), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "TB-03")]
    public void An_empty_federated_bundle_is_known_and_trusts_nobody()
    {
        var response = _pki.Response(_pki.Leaf());
        response.FederatedBundles.Add("spiffe://other", ByteString.Empty);
        Assert.Empty(_reader.Read(response).Bundles.Find(TrustDomain.Parse("other"))!.Authorities);
    }

    [Fact, Trait("Spec", "WA-17")]
    public void Bundles_alone_are_read_by_trust_domain()
    {
        var other = new TestPki("other");
        var bundles = _reader.ReadBundles(_pki.BundlesResponse(other));
        Assert.Equal(2, bundles.Count);
        Assert.Equal(other.Bundle, bundles.Find(other.TrustDomain));
        Assert.Throws<FormatException>(() => _reader.ReadBundles(new X509BundlesResponse()));
    }

    private X509SVIDResponse Changed(Action<X509SVID> change)
    {
        var response = _pki.Response(_pki.Leaf());
        change(response.Svids[0]);
        return response;
    }

    private void AssertRefused(string because, X509SVIDResponse response) =>
        Assert.Contains(because, Assert.Throws<FormatException>(() => _reader.Read(response)).Message, StringComparison.Ordinal);

    private static ByteString Append(ByteString bytes, byte last) => ByteString.CopyFrom([.. bytes.Span, last]);
}
