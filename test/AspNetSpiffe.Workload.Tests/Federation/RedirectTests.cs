using System.Net;
using System.Net.Sockets;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>A redirect is followed for one fetch, and to an endpoint under the same rules (SPIFFE Federation §5.2.1.4, §5.2.2.4).</summary>
[Trait("Spec", "FD-08")]
public sealed class RedirectTests(ITestOutputHelper output) : FederationTest(output)
{
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_followed_and_the_next_poll_begins_at_the_URL_of_the_settings(int status)
    {
        var (first, second) = (await ServeWebAsync(), await ServeWebAsync());
        first.Serve(status, ("Location", second.Url + "?signature=secret"));
        var bundles = Start(WebOptions(first.Url));
        await PollAsync();
        Assert.Equal(Partner.Bundle, X509Of(bundles));
        Assert.Equal("GET /bundle.json?signature=secret", Assert.Single(second.Requests));

        first.Serve(Bundle());
        await NextPollAsync();
        Assert.Equal((2, 1), (first.Requests.Count, second.Requests.Count));
        Assert.DoesNotContain(Logs.All, record => record.ToString().Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/elsewhere", "GET /elsewhere")]
    [InlineData("elsewhere?a=b", "GET /elsewhere?a=b")]
    public async Task A_redirect_may_be_relative(string location, string request)
    {
        var server = await ServeWebAsync();
        var serve = server.Answer;
        server.Serve(302, ("Location", location));
        var redirect = server.Answer;
        server.Answer = http => http.Request.Path == "/bundle.json" ? redirect(http) : serve(http);
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Equal(["GET /bundle.json", request], server.Requests);
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/", "has the scheme 'http'")]
    [InlineData("https://user@127.0.0.1:{0}/", "has user information")]
    [InlineData("https://@127.0.0.1:{0}/", "has user information")]
    [InlineData("//user:password@127.0.0.1:{0}/", "has user information")]
    [InlineData("https:\\\\127.0.0.1:{0}/", "has a character that is not allowed in a URL")]
    [InlineData("https://127.0.0.1:{0}/ x", "has a character that is not allowed in a URL")]
    [InlineData("https://", "is not an absolute URL")]
    [InlineData("file:///etc/passwd", "has the scheme 'file'")]
    public async Task A_target_that_no_endpoint_may_have_is_not_asked(string location, string problem)
    {
        ExpectWarning("BundleNotFetched");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = await ServeWebAsync();
        server.Serve(302, ("Location", string.Format(System.Globalization.CultureInfo.InvariantCulture, location, ((IPEndPoint)listener.LocalEndpoint).Port)));
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();

        Assert.Contains($"The target of its redirect {problem}", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.False(listener.Pending());
        Assert.DoesNotContain(Logs.All, record => record.ToString().Contains("password", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redirect_without_a_target_leads_nowhere()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        server.Serve(302);
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Contains("has no Location header", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_without_end_have_one()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        server.Serve(307, ("Location", "/bundle.json"));
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        Assert.Contains("redirected more than 5 times", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(6, server.Requests.Count);
    }

    [Fact]
    public async Task A_redirect_is_refused_where_the_settings_say_so()
    {
        ExpectWarning("BundleNotFetched");
        var (first, second) = (await ServeWebAsync(), await ServeWebAsync());
        first.Serve(302, ("Location", second.Url));
        var options = WebOptions(first.Url);
        options.FollowRedirects = false;
        var bundles = Start(options);
        await PollAsync();
        Assert.Contains("'FollowRedirects' is false", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal(0, second.Handshakes);
    }

    [Fact]
    public async Task The_target_must_prove_the_same_ID()
    {
        var (first, second) = (await ServeSpiffeAsync(), await ServeSpiffeAsync(Bundle(authorities: [Partner.Root, Partner.CreateRoot()])));
        first.Serve(302, ("Location", second.Url));
        var bundles = Start(SpiffeOptions(first.Url));
        await PollAsync();
        Assert.Equal(2, X509Of(bundles)!.Authorities.Length);

        ExpectWarning("BundleNotFetched");
        second.Certificate = Partner.Leaf("/other");
        second.Serve(Bundle());
        await NextPollAsync();
        Assert.Contains("it is 'spiffe://partner/other'", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Equal((2, 1), (X509Of(bundles)!.Authorities.Length, second.Requests.Count));
    }

    [Fact]
    public async Task The_target_must_have_a_certificate_for_its_own_host()
    {
        ExpectWarning("BundleNotFetched");
        var (first, second) = (await ServeWebAsync(), await ServeAsync(WebCertificate(leaf => leaf with { IpAddresses = [], DnsNames = ["other.example"] }), Bundle()));
        first.Serve(302, ("Location", second.Url));
        var bundles = Start(WebOptions(first.Url));
        await PollAsync();
        Assert.Contains("RemoteCertificateNameMismatch", bundles.FindProblem(Partner.TrustDomain), StringComparison.Ordinal);
        Assert.Empty(second.Requests);
    }
}
