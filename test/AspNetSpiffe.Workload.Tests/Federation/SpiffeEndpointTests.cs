using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>The profile <c>https_spiffe</c>.</summary>
public sealed class SpiffeEndpointTests(ITestOutputHelper output) : FederationTest(output)
{
    [Fact, Trait("Spec", "FD-02"), Trait("Spec", "FD-10")]
    public async Task A_bundle_is_fetched_from_a_server_with_the_SVID_that_is_meant_whatever_its_host()
    {
        var server = await ServeSpiffeAsync(Bundle(authorities: [Partner.Root, Partner.CreateRoot()]));
        var bundles = Start(SpiffeOptions(server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)));
        Assert.Equal(Partner.Bundle, X509Of(bundles));
        await PollAsync();

        Assert.Equal(2, X509Of(bundles)!.Authorities.Length);
        Assert.Null(bundles.FindProblem(Partner.TrustDomain));
        Assert.False(server.ClientCertificateCame);
    }

    [Theory, Trait("Spec", "FD-10")]
    [InlineData("id", "it is 'spiffe://partner/endpoint/2'. Expected was 'spiffe://partner/endpoint'.")]
    [InlineData("authority", "NotTrusted (claimed SPIFFE ID 'spiffe://partner/endpoint')")]
    [InlineData("trust domain", "UnknownTrustDomain (claimed SPIFFE ID 'spiffe://other/endpoint')")]
    [InlineData("web", "NotOneUriSan.")]
    [InlineData("expired", "Expired (claimed")]
    [InlineData("long", "TooLarge")]
    [InlineData("purpose", "NotForThisUse (claimed")]
    public async Task A_server_with_another_certificate_is_not_asked(string wrong, string reason)
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeAsync(
            wrong switch
            {
                "id" => Partner.Leaf("/endpoint/2"),
                "authority" => new TestPki("partner").Leaf("/endpoint"),
                "trust domain" => new TestPki("other").Leaf("/endpoint"),
                "long" => Partner.Issuer.Intermediate().Intermediate().Leaf("/endpoint"),
                "web" => Partner.Leaf(leaf => leaf with { Uris = [], IpAddresses = [System.Net.IPAddress.Loopback] }),
                "expired" => Partner.Leaf(leaf => leaf with { Uris = [EndpointId], NotAfter = Time.GetUtcNow().AddMinutes(-1) }),
                _ => Partner.Leaf(leaf => leaf with { Uris = [EndpointId], ExtendedKeyUsages = [CertificateSpec.ClientAuth] }),
            },
            Bundle(authorities: Partner.CreateRoot()));
        var bundles = Start(SpiffeOptions(server.Url));
        await PollAsync();

        Assert.Equal(Partner.Bundle, X509Of(bundles));
        Assert.Empty(server.Requests);
        Assert.Contains(reason, bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "FD-11")]
    public async Task The_bundle_of_the_settings_verifies_the_first_connection_and_the_newest_one_those_after_it()
    {
        var next = Partner.CreateRoot();
        var server = await ServeSpiffeAsync(Bundle(authorities: [Partner.Root, next]));
        var bundles = Start(SpiffeOptions(server.Url));
        await PollAsync();

        (server.Certificate, var old) = (next.Leaf("/endpoint"), server.Certificate);
        server.Serve(Bundle(authorities: next));
        await NextPollAsync();
        Assert.Equal(next.Certificate.Thumbprint, Assert.Single(X509Of(bundles)!.Authorities).Thumbprint);

        // The first one is in the settings still, and counts no more.
        ExpectWarning("BundleNotFetched");
        server.Certificate = old;
        await NextPollAsync();
        Assert.Contains("NotTrusted", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact, Trait("Spec", "FD-11")]
    public async Task The_bundle_of_the_settings_may_be_a_document()
    {
        var server = await ServeSpiffeAsync(Bundle(7));
        var options = SpiffeOptions(server.Url);
        options.BundleFile = Write(System.Text.Encoding.UTF8.GetString(Bundle(7).ToUtf8Json()));
        var bundles = Start(options);
        Assert.Equal(7UL, bundles.Current.Bundles[Partner.TrustDomain]!.Sequence);
        await PollAsync();
        Assert.Null(bundles.FindProblem(Partner.TrustDomain));
    }

    [Fact, Trait("Spec", "FD-12")]
    public async Task A_server_of_another_trust_domain_is_verified_with_the_newest_bundle_that_came_with_our_identity()
    {
        var broker = new TestPki("broker");
        var server = await ServeAsync(broker.Leaf("/endpoint"), Bundle());
        GiveIdentity(new TestIdentity(Pki.Leaf(), [.. Pki.Authorities]).With("broker", broker.Authorities));
        var bundles = Start(SpiffeOptions(server.Url, "spiffe://broker/endpoint"));
        await PollAsync();
        Assert.Equal(Partner.Bundle, X509Of(bundles));

        ExpectWarning("BundleNotFetched");
        GiveIdentity(new TestIdentity(Pki.Leaf(), [.. Pki.Authorities]).With("broker", broker.CreateRoot().Certificate));
        await NextPollAsync();
        Assert.Contains("NotTrusted", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "FD-12")]
    public async Task A_server_of_our_own_trust_domain_is_verified_with_our_own_bundle()
    {
        var server = await ServeAsync(Pki.Leaf("/endpoint"), Bundle());
        GiveIdentity(new(Pki.Leaf(), [.. Pki.Authorities]));
        var bundles = Start(SpiffeOptions(server.Url, "spiffe://td/endpoint"));
        await PollAsync();
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Fact, Trait("Spec", "FD-12")]
    public async Task A_server_of_a_trust_domain_with_an_endpoint_is_verified_with_what_came_from_there_and_with_nothing_else()
    {
        var (broker, false_) = (new TestPki("broker"), new TestPki("broker"));
        var first = await ServeAsync(WebCertificate(), new(broker.Bundle, new(broker.TrustDomain, [])));
        var second = await ServeAsync(broker.Leaf("/endpoint"), Bundle());
        GiveIdentity(new TestIdentity(Pki.Leaf(), [.. Pki.Authorities]).With("broker", false_.Authorities));
        var bundles = Make(("partner", SpiffeOptions(second.Url, "spiffe://broker/endpoint")), ("broker", WebOptions(first.Url)));

        // It waits for the bundle of its server, and that is no trouble yet.
        bundles.Start();
        await WaitForAsync("BundleFetched", Patience);
        Time.Advance(TimeSpan.FromSeconds(1));
        await WaitForAsync("BundleFetched", Patience, 2);
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Fact, Trait("Spec", "FD-12")]
    public async Task Without_a_bundle_that_could_verify_it_a_server_is_not_asked()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeAsync(new TestPki("broker").Leaf("/endpoint"), Bundle());
        var bundles = Start(SpiffeOptions(server.Url, "spiffe://broker/endpoint"));
        while (Logged("BundleNotFetched") == 0)
        {
            Time.Advance(await Time.WaitForTimerAsync(Patience));
            await Task.Yield();
        }

        Assert.Contains("The bundle of 'broker', which verifies the endpoint", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(0, server.Handshakes);
    }

    [Fact]
    public async Task When_our_own_trust_domain_is_known_whoever_has_merged_does_so_again()
    {
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        var token = bundles.GetChangeToken();
        GiveIdentity(new(Pki.Leaf(), [.. Pki.Authorities]));
        Assert.False(token.HasChanged);

        GiveIdentity(new(Partner.Leaf(), [.. Partner.Authorities]));
        Assert.True(token.HasChanged);
        Assert.Equal(Partner.TrustDomain, bundles.Own);
    }

    [Fact]
    public async Task The_endpoint_of_our_own_trust_domain_is_not_asked()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        GiveIdentity(new(Partner.Leaf(), [.. Partner.Authorities]));
        var bundles = Start(WebOptions(server.Url));
        await WaitForAsync("BundleNotFetched", Patience);
        Assert.Null(X509Of(bundles));
        Assert.Contains("our own trust domain", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(0, server.Handshakes);
    }
}
