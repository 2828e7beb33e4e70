using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.InteropTests;

/// <summary>Our client and source live with a Workload API that @grpc/grpc-js serves.</summary>
public sealed class NodeServerX509Tests(ITestOutputHelper output) : NodeServerTest(output)
{
    private const string X509Svid = "FetchX509SVID";
    private const string X509Bundles = "FetchX509Bundles";

    private readonly TestPki _pki = new("example.org", intermediates: 1);

    [Fact, Trait("Spec", "EP-22")]
    public async Task The_source_takes_the_first_SVID_with_key_intermediates_and_bundles()
    {
        ExpectWarning("SeveralSvids");
        var (web, admin, partner) = (_pki.Leaf("/web"), _pki.Leaf("/admin"), new TestPki("partner.test"));
        await Api.SayAsync(X509Svid, Answers.X509Svids(_pki, [partner], (web, "internal"), (admin, "")), Patience);
        var context = (await StartSourceAsync(Api.Address)).Current!;

        Assert.Equal(["spiffe://example.org/web", "spiffe://example.org/admin"], context.Svids.Select(s => s.Id.ToString()));
        Assert.Equal("internal", context.DefaultSvid.Hint);
        Assert.Equal(web.Leaf, context.DefaultSvid.Leaf);
        Assert.True(context.DefaultSvid.Leaf.HasPrivateKey);
        Assert.Equal([.. web.Intermediates], context.DefaultSvid.Intermediates.AsEnumerable());
        Assert.Equal([_pki.Root.Certificate], AuthoritiesOf(context.Bundles, "example.org"));
        Assert.Equal([partner.Root.Certificate], AuthoritiesOf(context.Bundles, "partner.test"));
    }

    [Fact]
    public async Task The_source_takes_an_update_that_is_pushed()
    {
        await Api.SayAsync(X509Svid, Answers.X509Svids(_pki, _pki.Leaf("/web")), Patience);
        var source = await StartSourceAsync(Api.Address);

        var renewed = _pki.Leaf("/web");
        await RenewAsync(() => Api.SayAsync(X509Svid, Answers.X509Svids(_pki, renewed), Patience), source);
        Assert.Equal(renewed.Leaf, source.Current!.DefaultSvid.Leaf);
        await AssertCallsAsync(X509Svid);
    }

    [Fact]
    public async Task The_source_comes_back_after_Unavailable_and_keeps_its_SVID_meanwhile()
    {
        ExpectWarning("AgentUnavailable");
        var first = _pki.Leaf("/web");
        await Api.SayAsync(X509Svid, Answers.X509Svids(_pki, first), Patience);
        var source = await StartSourceAsync(Api.Address);

        await Api.RefuseAsync(X509Svid, StatusCode.Unavailable, "Überlast: 100 %", Patience);
        var told = await WaitForAsync("AgentUnavailable", Patience);
        Assert.Contains("Unavailable: Überlast: 100 %", told.Message, StringComparison.Ordinal);
        Assert.Equal(first.Leaf, source.Current!.DefaultSvid.Leaf);

        var renewed = _pki.Leaf("/web");
        await RenewAsync(() => Api.SayAsync(X509Svid, Answers.X509Svids(_pki, renewed), Patience), source);
        Assert.Equal(renewed.Leaf, source.Current!.DefaultSvid.Leaf);
    }

    [Fact]
    public async Task The_source_opens_a_new_stream_after_the_old_one_ended()
    {
        ExpectWarning("AgentUnavailable");
        await Api.SayAsync(X509Svid, Answers.X509Svids(_pki, _pki.Leaf("/web")), Patience);
        await StartSourceAsync(Api.Address);

        await Api.EndAsync(X509Svid, StatusCode.Unavailable, "restarting", Patience);
        await AssertCallsAsync(X509Svid, X509Svid);
    }

    [Fact]
    public async Task The_source_comes_back_when_the_server_was_killed_and_started_again()
    {
        ExpectWarning("AgentUnavailable");
        await Api.SayAsync(X509Svid, Answers.X509Svids(_pki, _pki.Leaf("/web")), Patience);
        var source = await StartSourceAsync(Api.Address);

        await Api.KillAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        File.Delete(Socket);

        var renewed = _pki.Leaf("/web");
        await RenewAsync(
            async () =>
            {
                var next = Stopping(await NodeWorkloadApi.StartAsync(Socket, Patience));
                await next.SayAsync(X509Svid, Answers.X509Svids(_pki, renewed), Patience);
            },
            source);
        Assert.Equal(renewed.Leaf, source.Current!.DefaultSvid.Leaf);
    }

    [Fact]
    public async Task The_client_fetches_and_watches_bundles()
    {
        var partner = new TestPki("partner.test");
        await Api.SayAsync(X509Bundles, Answers.X509Bundles(_pki, partner), Patience);
        using var client = NewClient();

        var bundles = await client.FetchX509BundlesAsync(Patience);
        Assert.Equal([_pki.Root.Certificate], AuthoritiesOf(bundles, "example.org"));
        Assert.Equal([partner.Root.Certificate], AuthoritiesOf(bundles, "partner.test"));

        await using var watch = client.WatchX509BundlesAsync(Patience).GetAsyncEnumerator(Patience);
        Assert.True(await watch.MoveNextAsync());
        await Api.SayAsync(X509Bundles, Answers.X509Bundles(_pki), Patience);
        Assert.True(await watch.MoveNextAsync());
        Assert.Null(watch.Current.Find(TrustDomain.Parse("partner.test")));

        await Api.EndAsync(X509Bundles, StatusCode.Unavailable, "restarting", Patience);
        var ended = await Assert.ThrowsAsync<WorkloadApiException>(async () => await watch.MoveNextAsync());
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
    }

    [Fact]
    public async Task The_client_tells_the_status_of_a_refused_call()
    {
        await Api.RefuseAsync(X509Svid, StatusCode.PermissionDenied, "no identity issued", Patience);
        using var client = NewClient();

        var refused = await Assert.ThrowsAsync<WorkloadApiException>(() => client.FetchX509ContextAsync(Patience));
        Assert.Equal(WorkloadApiFailure.Status, refused.Failure);
        Assert.Equal(StatusCode.PermissionDenied, refused.StatusCode);
        Assert.Contains("no identity issued", refused.Message, StringComparison.Ordinal);
    }

    private async Task AssertCallsAsync(params string[] methods)
    {
        foreach (var method in methods) Assert.Equal(method, (string)(await Api.NextCallAsync(Patience))["method"]!);
    }

    private static IEnumerable<X509Certificate2> AuthoritiesOf(X509BundleSet bundles, string trustDomain) =>
        bundles.Find(TrustDomain.Parse(trustDomain))!.Authorities;
}
