using AspNetSpiffe.TestKit;
using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The bundles of other trust domains are decoded when a peer of theirs comes, and not before.</summary>
[Trait("Trial", "A-12")]
public sealed class FederatedBundlesTests(ITestOutputHelper output) : SourceTest(output)
{
    private readonly TestPki _other = new("other");

    [Fact]
    public async Task Nine_thousand_bundles_are_taken_and_none_is_decoded()
    {
        var response = Pki.Response(Pki.Leaf());
        var der = ByteString.CopyFrom(_other.BundleDer);
        for (var i = 0; i < 9_000; i++) response.FederatedBundles.Add($"spiffe://td-{i}", der);
        Agent.Send(response);
        var context = await Start().WaitForFirstAsync(Patience);
        Assert.Equal(9_001, context.Bundles.Count);
        Assert.Single(context.Bundles, bundle => bundle.IsDecoded);
    }

    [Fact]
    public async Task Those_that_did_not_change_are_the_same_and_stay_decoded()
    {
        var source = await StartFederatedAsync(_other.BundleDer, new TestPki("third").BundleDer);
        var (other, third) = (Other(source), source.Current!.Bundles.Find(TrustDomain.Parse("third"))!);
        Assert.Single(other.Authorities);
        var response = Pki.Response(Pki.Leaf("/next"));
        response.FederatedBundles.Add("spiffe://other", ByteString.CopyFrom(_other.BundleDer));
        response.FederatedBundles.Add("spiffe://third", ByteString.CopyFrom(new TestPki("third").BundleDer));
        var next = await NextAsync(source, () => Agent.Send(response));
        Assert.Same(other, next.Bundles.Find(other.TrustDomain));
        Assert.NotSame(third, next.Bundles.Find(third.TrustDomain));
    }

    [Fact]
    public void Bundles_that_come_again_are_neither_copied_nor_are_their_IDs_read_anew()
    {
        var der = ByteString.CopyFrom(_other.BundleDer);
        var response = Pki.Response(Pki.Leaf());
        for (var i = 0; i < 1_000; i++) response.FederatedBundles.Add($"spiffe://td-{i}", der);
        var first = Read(KnownCertificates.None, out _);
        var second = Read(KnownCertificates.Of(first), out var bytes);
        Assert.Same(first.Bundles, second.Bundles);

        // What is left is a place among the bundles of the message; an ID that is read takes 280 bytes, and a copy as many as it has.
        Assert.InRange(bytes, 1, 1_000 * 150);

        X509Context Read(KnownCertificates known, out long allocated)
        {
            // The key is cleared when it has been read.
            var message = response.Clone();
            message.Svids[0].X509SvidKey = ByteString.CopyFrom(message.Svids[0].X509SvidKey.Span);
            var reader = new X509ContextReader(Time, new(), known, _ => { });
            var before = GC.GetAllocatedBytesForCurrentThread();
            var context = reader.Read(message);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return context;
        }
    }

    [Theory]
    [InlineData("td-1")]
    [InlineData("spiffe://td-1/")]
    [InlineData("spiffe:///td-1")]
    [InlineData("SPIFFE://td-1")]
    [InlineData("xspiffe://td-1")]
    public void An_ID_that_is_not_the_same_to_the_letter_is_read_for_itself(string key)
    {
        var known = new KnownCertificates([], new([X509Bundle.Read(TrustDomain.Parse("td-1"), _other.BundleDer, out _)]));
        Assert.Equal("td-1", known.FindTrustDomain("spiffe://td-1")!.Name);
        Assert.Null(known.FindTrustDomain(key));
        Assert.Null(KnownCertificates.None.FindTrustDomain("spiffe://td-1"));
    }

    [Fact, Trait("Spec", "XL-01")]
    public async Task A_bundle_that_turns_out_to_be_none_trusts_nobody_and_says_so_when_it_is_needed()
    {
        ExpectWarning("UpdateRemark");
        var source = await StartFederatedAsync([.. _other.BundleDer, 0x30, 3, 2, 1, 0]);
        Assert.Equal(0, Logged("UpdateRemark"));
        for (var i = 0; i < 2; i++) Assert.Equal(RejectionReason.EmptyBundle, Verify(source));
        var told = (await WaitForAsync("UpdateRemark", Patience)).Message;
        Assert.Contains($"The bundle of 'other' cannot be read, and its workloads are refused. The DER value at byte {_other.BundleDer.Length} is no certificate", told, StringComparison.Ordinal);
        Assert.False(Other(source).Contains(_other.Root.Certificate));
        await source.DisposeAsync();
        Assert.Equal(1, Logged("UpdateRemark"));
    }

    [Fact, Trait("Spec", "XV-l")]
    public async Task A_certificate_that_is_no_CA_is_left_out_and_told_of_when_the_bundle_is_needed()
    {
        ExpectWarning("UpdateRemark");
        var leaf = _other.SelfSignedLeaf();
        var source = await StartFederatedAsync([.. leaf.RawData, .. _other.BundleDer]);
        Assert.Equal(RejectionReason.None, Verify(source));
        Assert.Equal(_other.Root.Certificate.RawData, Assert.Single(Other(source).Authorities).RawData);
        Assert.False(Other(source).Contains(leaf));
        Assert.True(Other(source).Contains(_other.Root.Certificate));
        Assert.Contains("The bundle of 'other' has 1 certificate that is no CA; only the others count.", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);
    }

    [Theory, Trait("Spec", "XL-01")]
    [InlineData("3000")]
    [InlineData("01")]
    [InlineData("30")]
    [InlineData("308400000001")]
    public async Task A_bundle_whose_frames_are_wrong_is_left_out_at_once(string hex)
    {
        var isFrame = hex == "3000";
        if (!isFrame) ExpectWarning("UpdateRemark");
        var source = await StartFederatedAsync([.. _other.BundleDer, .. Convert.FromHexString(hex)]);
        Assert.Equal(isFrame, source.Current!.Bundles.Find(_other.TrustDomain) is not null);
        if (!isFrame) Assert.Contains("The bundle of 'other' is left out", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_bundle_is_known_and_trusts_nobody() => Assert.Equal(RejectionReason.EmptyBundle, Verify(await StartFederatedAsync([])));

    [Fact]
    public void A_message_that_is_being_read_can_be_left()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var response = Pki.Response(Pki.Leaf(), _other);
        Assert.ThrowsAny<OperationCanceledException>(() => new X509ContextReader(Time, new()).Read(response, stop.Token));
        Assert.All(response.Svids[0].X509SvidKey, b => Assert.Equal(0, b));
        Assert.ThrowsAny<OperationCanceledException>(() => new X509ContextReader(Time, new()).ReadBundles(Pki.BundlesResponse(_other), stop.Token));
        var jwt = new Wire.JWTBundlesResponse { Bundles = { ["spiffe://td"] = ByteString.CopyFromUtf8("""{"keys":[]}""") } };
        Assert.ThrowsAny<OperationCanceledException>(() => new JwtResponseReader().ReadBundles(jwt, stop.Token));
    }

    [Theory, Trait("Trial", "M-13")]
    [InlineData("spiffe://fourth/x")]
    [InlineData("spiffe://fourth/")]
    [InlineData("fourth")]
    public async Task A_good_bundle_under_the_ID_of_a_workload_is_nobodys(string key)
    {
        ExpectWarning("UpdateRemark");
        var response = Pki.Response(Pki.Leaf());
        response.FederatedBundles.Add(key, ByteString.CopyFrom(_other.BundleDer));
        Agent.Send(response);
        Assert.Single((await Start().WaitForFirstAsync(Patience)).Bundles);
        Assert.Contains("no trust domain's ID", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);

        var bundles = Pki.BundlesResponse();
        bundles.Bundles.Add(key, ByteString.CopyFrom(_other.BundleDer));
        Assert.Single(new X509ContextReader(Time, new()).ReadBundles(bundles));

        var jwt = new Wire.JWTBundlesResponse { Bundles = { [key] = ByteString.CopyFromUtf8("""{"keys":[]}"""), ["spiffe://td"] = ByteString.CopyFromUtf8("""{"keys":[]}""") } };
        Assert.Single(new JwtResponseReader().ReadBundles(jwt));
    }

    [Fact, Trait("Trial", "M-13")]
    public async Task A_bundle_of_the_same_size_is_not_taken_for_another()
    {
        var (first, second) = (Rsa(), Rsa());
        while (first.Length != second.Length) second = Rsa();
        var source = await StartFederatedAsync(first);
        Assert.Equal(first, Other(source).Authorities.Single().RawData);
        var response = Pki.Response(Pki.Leaf("/next"));
        response.FederatedBundles.Add("spiffe://other", ByteString.CopyFrom(second));
        await NextAsync(source, () => Agent.Send(response));
        Assert.Equal(second, Other(source).Authorities.Single().RawData);

        byte[] Rsa() => new TestPki("other").BundleDer;
    }

    [Fact, Trait("Trial", "M-13")]
    public async Task A_set_of_the_same_number_of_bundles_is_not_taken_for_another()
    {
        var leaf = Pki.Leaf();
        Agent.Send(Pki.Response(leaf, _other));
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        var next = await NextAsync(source, () => Agent.Send(Pki.Response(leaf, new TestPki("third"))));
        Assert.Null(next.Bundles.Find(_other.TrustDomain));
        Assert.NotNull(next.Bundles.Find(TrustDomain.Parse("third")));
    }

    private RejectionReason Verify(X509Source source) =>
        X509SvidVerifier.Verify(_other.Leaf().Leaf, [], source.Current!.Bundles, PeerRole.Client, Time.GetUtcNow()).Reason;

    private static X509Bundle Other(X509Source source) => source.Current!.Bundles.Find(TrustDomain.Parse("other"))!;

    private async Task<X509Source> StartFederatedAsync(byte[] other, byte[]? third = null)
    {
        var response = Pki.Response(Pki.Leaf());
        response.FederatedBundles.Add("spiffe://other", ByteString.CopyFrom(other));
        if (third is not null) response.FederatedBundles.Add("spiffe://third", ByteString.CopyFrom(third));
        Agent.Send(response);
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        return source;
    }
}
