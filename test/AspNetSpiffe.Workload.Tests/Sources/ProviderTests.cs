using System.Runtime.CompilerServices;
using System.Threading.Channels;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Files;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>An identity that code of the application provides.</summary>
public sealed class ProviderTests(ITestOutputHelper output) : FileTest(output)
{
    private readonly Channel<X509Context?> _contexts = Channel.CreateUnbounded<X509Context?>();
    private int _calls;

    [Fact]
    public async Task What_code_yields_is_our_identity_and_the_next_replaces_it()
    {
        Yield(Pki.Leaf("/one"));
        var source = await StartGoodAsync(FromCode());
        Assert.Equal("/one", source.Current!.DefaultSvid.Id.Path);
        Assert.Null(source.Address);

        var changed = source.GetChangeToken().ChangedAsync(Patience);
        Yield(Pki.Leaf("/two"));
        await changed;
        Assert.Equal("/two", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_context_that_does_not_verify_is_refused_and_the_last_good_one_stays()
    {
        ExpectWarning("UpdateRefused");
        Yield(Pki.Leaf("/one"));
        var source = await StartGoodAsync(FromCode());
        Yield(new TestPki("example.org").Leaf("/forged"));
        Assert.Equal(
            "Rejected an update from the provider of the application ('SpiffeOptions.Provider'). The SVID 'spiffe://example.org/forged' is rejected. " +
            "It does not verify against its own bundle: NotTrusted",
            (await WaitForAsync("UpdateRefused", Patience)).Message.Split(" (valid until")[0]);
        Assert.Equal("/one", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Null_takes_the_identity_back_after_the_usual_delay_and_the_next_context_gives_it_again()
    {
        ExpectWarning("IdentityWithdrawn");
        Yield(Pki.Leaf("/one"));
        var source = await StartGoodAsync(FromCode());
        _contexts.Writer.TryWrite(null);
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(source.Current);
        Assert.Equal("There is no SVID: the provider of the application ('SpiffeOptions.Provider') has withdrawn it.", source.DescribeAbsence());

        Yield(Pki.Leaf("/one"));
        Assert.Equal("/one", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        await WaitForAsync("IdentityWithdrawn", Patience);
        await WaitForAsync("SvidRenewed", Patience, times: 2);
    }

    [Fact]
    public async Task When_code_ends_the_last_context_stays_and_nobody_asks_again()
    {
        Yield(Pki.Leaf("/one"));
        var source = await StartGoodAsync(FromCode());
        _contexts.Writer.Complete();
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("/one", source.Current!.DefaultSvid.Id.Path);
        Assert.Equal(1, _calls);
    }

    [Fact]
    public async Task An_exception_of_code_is_logged_and_code_is_asked_again()
    {
        ExpectWarning("WatchFailed");
        var source = Start(new() { Provider = FailOnceAsync });
        var failed = await WaitForAsync("WatchFailed", Patience);
        Assert.Equal("The watch of the provider of the application ('SpiffeOptions.Provider') failed; retrying with backoff.", failed.Message);
        await Time.WaitForTimerAsync(Patience, TimeSpan.FromSeconds(0.5));
        Yield(Pki.Leaf("/one"));
        Time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal("/one", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        await WaitForAsync("SvidRenewed", Patience);
    }

    [Fact]
    public async Task The_bundles_of_a_context_verify_others_without_it()
    {
        Yield(Pki.Leaf("/one"));
        var bundles = Keep(new X509BundleSource(FromCode(), Loggers, null, Time));
        bundles.Start();
        Assert.Equal(Pki.Bundle, Assert.Single(await bundles.WaitForFirstAsync(Patience)));
        _contexts.Writer.TryWrite(null);
        _contexts.Writer.TryWrite(new([new(Pki.Leaf("/two").Leaf, Pki.Issuer.Intermediates)], new([Pki.Bundle, new TestPki("partner").Bundle])));
        await WaitForAsync("X509BundlesRenewed", Patience, times: 2);
        Assert.Equal(2, bundles.Current!.Count);
    }

    [Fact]
    public void A_context_has_an_SVID_and_the_bundle_of_its_trust_domain()
    {
        var svid = new X509Svid(Pki.Leaf("/one").Leaf, Pki.Issuer.Intermediates);
        Assert.Throws<ArgumentException>(() => new X509Context([], new([Pki.Bundle])));
        Assert.Equal("bundles", Assert.Throws<ArgumentException>(() => new X509Context([svid], new([new TestPki("td").Bundle]))).ParamName);
        Assert.Same(svid, new X509Context([svid], new([Pki.Bundle])).DefaultSvid);
    }

    [Fact]
    public void An_SVID_is_made_of_a_certificate_that_keeps_the_rules()
    {
        var leaf = Pki.Leaf("/one").Leaf;
        Assert.Equal("spiffe://example.org/one", new X509Svid(leaf, Pki.Issuer.Intermediates).Id.ToString());
        Assert.Contains("no private key", Refuse(Pki.Issuer.Certificate), StringComparison.Ordinal);
        Assert.Contains("names a trust domain, not a workload", Refuse(Pki.Leaf("").Leaf), StringComparison.Ordinal);
        Assert.Contains("is a CA", Refuse(Pki.Leaf(l => l with { Uris = ["spiffe://example.org/one"], Ca = true }).Leaf), StringComparison.Ordinal);
        Assert.Contains("exactly one URI name", Refuse(Pki.Leaf(l => l with { Uris = [] }).Leaf), StringComparison.Ordinal);
        Assert.Contains("is not a CA", Assert.Throws<ArgumentException>(() => new X509Svid(leaf, [leaf])).Message, StringComparison.Ordinal);

        static string Refuse(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) => Assert.Throws<ArgumentException>(() => new X509Svid(certificate, [])).Message;
    }

    [Fact]
    public async Task The_code_of_the_page_on_files_gives_an_identity()
    {
        var issued = Pki.Leaf("/secret");
        var vault = Channel.CreateUnbounded<Secret>();
        vault.Writer.TryWrite(new(SvidFolder.ChainOf(issued), SvidFolder.KeyOf(issued), SvidFolder.Pem(Pki.Root.Certificate)));
        await using var services = new ServiceCollection().AddSpiffe(options => options.Provider = WatchAsync).BuildServiceProvider();
        Assert.Equal("/secret", (await services.GetRequiredService<X509Source>().EnsureStartedAsync(Patience)).DefaultSvid.Id.Path);

        async IAsyncEnumerable<X509Context?> WatchAsync([EnumeratorCancellation] CancellationToken stopping)
        {
            await foreach (var secret in vault.Reader.ReadAllAsync(stopping))
            {
                var svid = X509Svid.CreateFromPem(secret.Certificates, secret.Key);
                yield return new X509Context([svid], new X509BundleSet([X509Bundle.CreateFromPem(svid.Id.TrustDomain, secret.Bundle)]));
            }
        }
    }

    private sealed record Secret(string Certificates, string Key, string Bundle);

    private SpiffeOptions FromCode() => new() { Provider = WatchAsync };

    private void Yield(TestSvid svid) => _contexts.Writer.TryWrite(new([new(svid.Leaf, svid.Intermediates)], new([Pki.Bundle])));

    private IAsyncEnumerable<X509Context?> WatchAsync(CancellationToken stopping)
    {
        Interlocked.Increment(ref _calls);
        return _contexts.Reader.ReadAllAsync(stopping);
    }

    private async IAsyncEnumerable<X509Context?> FailOnceAsync([EnumeratorCancellation] CancellationToken stopping)
    {
        if (Interlocked.Increment(ref _calls) == 1) throw new TimeoutException("The vault did not answer.");
        await foreach (var context in _contexts.Reader.ReadAllAsync(stopping)) yield return context;
    }
}
