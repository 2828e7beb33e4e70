using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.FrameworkFacts;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>The profile <c>https_web</c>.</summary>
public sealed class WebEndpointTests(ITestOutputHelper output) : FederationTest(output)
{
    [Fact, Trait("Spec", "FD-02"), Trait("Spec", "FD-09")]
    public async Task A_bundle_is_fetched_from_a_server_with_a_certificate_for_its_host()
    {
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url + "?of=partner"));
        Assert.Null(X509Of(bundles));
        await PollAsync();

        Assert.Equal(Partner.Bundle, X509Of(bundles));
        Assert.Equal("GET /bundle.json?of=partner", Assert.Single(server.Requests));
        Assert.Null(bundles.FindProblem(Partner.TrustDomain));
    }

    [Fact, Trait("Spec", "FD-05")]
    public void It_needs_a_URL_a_profile_and_a_trust_domain_and_no_more() =>
        Make(("partner", new() { Url = "https://partner.example/", Profile = BundleEndpointProfile.HttpsWeb }));

    [Theory, Trait("Spec", "FD-09")]
    [InlineData("host", "RemoteCertificateNameMismatch")]
    [InlineData("authority", "RemoteCertificateChainErrors (")]
    [InlineData("expired", "NotTimeValid")]
    [InlineData("purpose", "NotValidForUsage")]
    [InlineData("system", "RemoteCertificateChainErrors (")]
    public async Task A_server_with_another_certificate_is_not_asked(string wrong, string reason)
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeAsync(
            wrong switch
            {
                "host" => WebCertificate(leaf => leaf with { IpAddresses = [], DnsNames = ["127.0.0.1", "other.example"] }),
                "authority" => new TestPki("web").Leaf(leaf => leaf with { IpAddresses = [System.Net.IPAddress.Loopback] }),
                "expired" => WebCertificate(leaf => leaf with { NotAfter = Time.GetUtcNow().AddMinutes(-1) }),
                "purpose" => WebCertificate(leaf => leaf with { ExtendedKeyUsages = [CertificateSpec.ClientAuth] }),
                _ => WebCertificate(),
            },
            Bundle());
        var options = WebOptions(server.Url);
        if (wrong == "system") options.RootsFile = null;
        var bundles = Start(options);
        await PollAsync();

        Assert.Null(X509Of(bundles));
        Assert.Empty(server.Requests);
        Assert.Contains(reason, bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "FD-09")]
    public async Task A_certificate_that_expires_between_two_polls_is_good_for_the_first()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeAsync(WebCertificate(leaf => leaf with { NotAfter = Time.GetUtcNow().AddMinutes(4) }), Bundle());
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Null(bundles.FindProblem(Partner.TrustDomain));
        await NextPollAsync();
        Assert.Contains("NotTimeValid", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "FD-09")]
    public async Task An_SVID_is_no_certificate_of_the_Web()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeSpiffeAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Null(X509Of(bundles));
    }

    [Fact]
    public async Task A_certificate_does_not_make_us_fetch_the_URL_in_it()
    {
        ExpectWarning("BundleNotFetched");
        await using var aia = await AiaListener.StartAsync();

        // Without its intermediate, the chain has a gap that the URL promises to fill.
        var server = await ServeAsync(Web.Root.Intermediate().Leaf(leaf => leaf with { IpAddresses = [System.Net.IPAddress.Loopback], AiaUrl = aia.Url }), Bundle());
        server.SendsIntermediates = false;
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Contains("PartialChain", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(0, aia.Requests);
    }

    [Fact, Trait("Spec", "FD-06")]
    public async Task We_show_nothing_of_ourselves()
    {
        GiveIdentity(new(Pki.Leaf(), [.. Pki.Authorities]));
        var server = await ServeWebAsync();
        server.Answer = http =>
        {
            http.Response.Headers.SetCookie = "who=we";
            return http.Response.Body.WriteAsync(Bundle().ToUtf8Json()).AsTask();
        };
        Start(WebOptions(server.Url));
        await PollAsync();
        await NextPollAsync();

        Assert.False(server.ClientCertificateCame);
        Assert.Equal(["Accept", "Host"], server.LastHeaders.Keys.Order(StringComparer.Ordinal));
    }
}
