using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>When an endpoint is asked again, and which bundle counts.</summary>
public sealed class PollTests(ITestOutputHelper output) : FederationTest(output)
{
    private static readonly TimeSpan Default = TimeSpan.FromMinutes(5);

    [Theory, Trait("Spec", "FD-13")]
    [InlineData(null, 300)]
    [InlineData(60, 60)]
    [InlineData(86400, 86400)]
    public async Task The_bundle_says_when_it_is_fetched_again(int? hint, int seconds)
    {
        var server = await ServeWebAsync(Bundle(hint: hint is null ? null : TimeSpan.FromSeconds(hint.Value)));
        Start(WebOptions(server.Url));
        AssertAbout(TimeSpan.FromSeconds(seconds), await PollAsync());
        AssertAbout(TimeSpan.FromSeconds(seconds), await NextPollAsync());
    }

    [Fact, Trait("Spec", "FD-13")]
    public async Task After_a_failure_the_next_poll_is_when_it_was_due()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync(Bundle(hint: TimeSpan.FromHours(1)));
        Start(WebOptions(server.Url));
        await PollAsync();
        server.Serve(500);
        for (var i = 0; i < 3; i++) AssertAbout(TimeSpan.FromHours(1), await NextPollAsync());
        Assert.Equal(4, server.Requests.Count);
    }

    [Fact, Trait("Spec", "FD-13")]
    public async Task Before_the_first_bundle_it_is_asked_more_often_and_less_and_less()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        server.Serve(500);
        Start(WebOptions(server.Url));
        AssertAbout(TimeSpan.FromSeconds(0.5), await PollAsync());
        for (var seconds = 1; seconds < 300; seconds *= 2) AssertAbout(TimeSpan.FromSeconds(seconds), await NextPollAsync());
        for (var i = 0; i < 3; i++) AssertAbout(Default, await NextPollAsync());
    }

    [Fact]
    public async Task Each_fetch_is_counted_and_a_failed_one_with_its_reason()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        Start(WebOptions(server.Url));
        await PollAsync();
        server.Serve(503);
        await NextPollAsync();

        await Readings.WaitForAsync("spiffe.federation.fetches", 2, Patience);
        Assert.Equal(["1 error.type=503 spiffe.bundle.trust_domain=partner", "1 spiffe.bundle.trust_domain=partner"], Readings.Sums("spiffe.federation.fetches"));
    }

    [Theory, Trait("Spec", "FD-13")]
    [InlineData("5", 5)]
    [InlineData("0", 0.5)]
    [InlineData("600", 600)]
    [InlineData("31536000", 3600)]
    [InlineData("soon", 0.5)]
    public async Task An_endpoint_may_ask_for_patience_but_not_for_ever(string retryAfter, double seconds)
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeWebAsync();
        server.Serve(503, ("Retry-After", retryAfter));
        Start(WebOptions(server.Url));
        AssertAbout(TimeSpan.FromSeconds(seconds), await PollAsync());
    }

    [Fact, Trait("Spec", "FD-14")]
    public async Task An_older_bundle_is_not_taken_after_a_newer_one()
    {
        var next = Partner.CreateRoot();
        var server = await ServeWebAsync(Bundle(2, null, next));
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();

        ExpectWarning("BundleNotFetched");
        server.Serve(Bundle(1));
        await NextPollAsync();
        await NextPollAsync();
        Assert.Equal(next.Certificate.Thumbprint, Assert.Single(X509Of(bundles)!.Authorities).Thumbprint);
        Assert.Equal("It served version 1 of the bundle, which is older than version 2.", bundles.FindProblem(Partner.TrustDomain));

        // What was logged has been written by then.
        await bundles.DisposeAsync();
        Assert.Equal(1, Logged("BundleNotFetched"));
    }

    [Fact, Trait("Spec", "FD-14")]
    public async Task An_older_bundle_than_that_of_the_settings_is_not_taken()
    {
        ExpectWarning("BundleNotFetched");
        var server = await ServeSpiffeAsync(Bundle(6, null, Partner.Root, Partner.CreateRoot()));
        var options = SpiffeOptions(server.Url);
        options.BundleFile = Write(System.Text.Encoding.UTF8.GetString(Bundle(7).ToUtf8Json()));
        var bundles = Start(options);
        await PollAsync();
        Assert.Single(X509Of(bundles)!.Authorities);
    }

    [Theory, Trait("Spec", "FD-14")]
    [InlineData(2, 2)]
    [InlineData(2, 3)]
    [InlineData(2, null)]
    [InlineData(null, 1)]
    [InlineData(null, null)]
    public async Task Otherwise_the_last_one_counts(int? first, int? second)
    {
        var server = await ServeWebAsync(Bundle((ulong?)first, null, Partner.CreateRoot()));
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();

        var changed = bundles.GetChangeToken().ChangedAsync(Patience);
        server.Serve(Bundle((ulong?)second));
        await NextPollAsync();
        await changed;
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    [Fact]
    public async Task What_did_not_change_is_not_published()
    {
        var server = await ServeWebAsync(Bundle(1));
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        var (token, current) = (bundles.GetChangeToken(), bundles.Current);

        server.Serve(Bundle(2));
        await NextPollAsync();
        Assert.False(token.HasChanged);
        Assert.Same(current, bundles.Current);

        // Its number counts all the same.
        ExpectWarning("BundleNotFetched");
        server.Serve(Bundle(1, null, Partner.CreateRoot()));
        await NextPollAsync();
        Assert.Same(current, bundles.Current);
    }

    [Fact, Trait("Spec", "FD-15")]
    public async Task An_endpoint_that_was_ended_is_not_asked_again()
    {
        var server = await ServeWebAsync();
        var bundles = Start(WebOptions(server.Url));
        await PollAsync();
        await bundles.DisposeAsync();
        Time.Advance(TimeSpan.FromDays(1));
        Assert.Single(server.Requests);
        Assert.Equal(Partner.Bundle, X509Of(bundles));
    }

    // A tenth sooner at most, so that a thousand workloads do not come at once.
    private static void AssertAbout(TimeSpan expected, TimeSpan actual) => Assert.InRange(actual, expected * 0.9, expected);
}
