using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>What follows the first context.</summary>
public sealed class UpdateTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact, Trait("Spec", "WA-04")]
    public async Task An_update_replaces_the_context_and_notifies_the_subscribers()
    {
        var source = await StartGoodAsync("/first");
        var token = source.GetChangeToken();
        var next = await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/second"), new TestPki("other"))));
        Assert.True(token.HasChanged);
        Assert.False(source.GetChangeToken().HasChanged);
        Assert.Equal("/second", next.DefaultSvid.Id.Path);
        Assert.Equal(2, next.Bundles.Count);
    }

    [Fact, Trait("Spec", "WA-05")]
    public async Task A_federated_bundle_that_is_missing_in_the_next_message_is_unloaded()
    {
        var (other, leaf) = (new TestPki("other"), Pki.Leaf());
        Agent.Send(Pki.Response(leaf, other));
        var source = Start();
        Assert.NotNull((await source.WaitForFirstAsync(Patience)).Bundles.Find(other.TrustDomain));

        var next = await NextAsync(source, () => Agent.Send(Pki.Response(leaf)));
        Assert.Null(next.Bundles.Find(other.TrustDomain));
    }

    [Fact]
    public async Task An_intermediate_that_comes_again_is_the_same_instance_and_a_new_one_is_not()
    {
        // .NET leaks a reference to it at each handshake of a client; a new instance for each renewal would fill the memory.
        var pki = new TestPki(intermediates: 1);
        Agent.Send(pki.Response(pki.Leaf()));
        var source = Start();
        var first = Intermediate(await source.WaitForFirstAsync(Patience));
        Assert.Same(first, Intermediate(await NextAsync(source, () => Agent.Send(pki.Response(pki.Leaf())))));

        // The same trust domain with a new intermediate.
        var next = pki.Root.Intermediate();
        Assert.Equal(next.Certificate, Intermediate(await NextAsync(source, () => Agent.Send(pki.Response(next.Leaf())))));

        static X509Certificate2 Intermediate(X509Context context) => Assert.Single(context.DefaultSvid.Intermediates);
    }

    [Fact]
    public async Task Bundles_that_come_again_are_the_same_instances_and_a_new_one_is_not()
    {
        var (one, two) = (new TestPki("one"), new TestPki("two"));
        Agent.Send(Pki.Response(Pki.Leaf(), one, two));
        var source = Start();
        var first = (await source.WaitForFirstAsync(Patience)).Bundles;
        Assert.Same(first, (await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf(), one, two)))).Bundles);

        // The same trust domain with a new CA.
        var next = (await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf(), one, new TestPki("two"))))).Bundles;
        Assert.Same(first.Find(Pki.TrustDomain), next.Find(Pki.TrustDomain));
        Assert.Same(first.Find(one.TrustDomain), next.Find(one.TrustDomain));
        Assert.NotEqual(first.Find(two.TrustDomain), next.Find(two.TrustDomain));

        Assert.Equal(2, (await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf(), one)))).Bundles.Count);
    }

    [Fact]
    public async Task A_subscriber_by_OnChange_hears_of_every_update()
    {
        var source = await StartGoodAsync("/0");
        var paths = System.Threading.Channels.Channel.CreateUnbounded<string>();
        using var subscription = ChangeToken.OnChange(source.GetChangeToken, () => paths.Writer.TryWrite(source.Current!.DefaultSvid.Id.Path));
        foreach (var path in new[] { "/1", "/2", "/3" })
        {
            Agent.Send(Pki.Response(Pki.Leaf(path)));
            Assert.Equal(path, await paths.Reader.ReadAsync(Patience));
        }
    }

    [Fact, Trait("Spec", "WA-29")]
    public async Task An_identical_update_notifies_nobody()
    {
        ExpectWarning("SeveralSvids");
        var same = Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")], new TestPki("other"));
        Agent.Send(same);
        var source = Start();
        var first = await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);
        var token = source.GetChangeToken();
        Agent.Send(same);

        // A message that is refused is the proof that the one before it was taken in.
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.X509SVIDResponse());
        await WaitForAsync("UpdateRefused", Patience);
        Assert.Same(first, source.Current);
        Assert.False(token.HasChanged);
        Assert.Equal(1, Logged("SvidRenewed"));
    }

    [Theory, Trait("Spec", "WA-29")]
    [InlineData("order")]
    [InlineData("hint")]
    [InlineData("bundle")]
    [InlineData("federated")]
    public async Task An_update_that_differs_only_a_little_is_an_update(string what)
    {
        ExpectWarning("SeveralSvids");
        var (response, other) = (Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")]), new TestPki("other"));
        response.FederatedBundles.Add("spiffe://other", ByteString.CopyFrom(other.BundleDer));
        Agent.Send(response);
        var source = Start();
        var first = await source.WaitForFirstAsync(Patience);
        await WaitForAsync("SvidRenewed", Patience);

        var next = response.Clone();
        if (what == "order") next.Svids.Insert(0, Take(next, 1));
        if (what == "hint") next.Svids[1].Hint = "internal";
        var root = Pki.CreateRoot().Certificate.RawData;
        if (what == "bundle")
            foreach (var svid in next.Svids) svid.Bundle = ByteString.CopyFrom([.. svid.Bundle.Span, .. root]);
        if (what == "federated") next.FederatedBundles["spiffe://other"] = ByteString.CopyFrom(new TestPki("other").BundleDer);
        Assert.NotSame(first, await NextAsync(source, () => Agent.Send(next)));
    }

    [Theory, Trait("Spec", "WA-07")]
    [InlineData("no SVID")]
    [InlineData("'x509_svid_key'")]
    [InlineData("Expired")]
    public async Task A_bad_update_keeps_the_last_good_context_and_the_stream(string problem)
    {
        ExpectWarning("UpdateRefused");
        var source = await StartGoodAsync("/good");
        var (good, token) = (source.Current, source.GetChangeToken());

        var bad = Pki.Response(Pki.Leaf("/bad"));
        if (problem == "no SVID") bad.Svids.Clear();
        else if (problem == "Expired") bad = Pki.Response(Pki.Leaf(l => l with { NotBefore = Time.GetUtcNow().AddHours(-2), NotAfter = Time.GetUtcNow().AddHours(-1) }));
        else bad.Svids[0].X509SvidKey = ByteString.Empty;
        Agent.Send(bad);

        var record = await WaitForAsync("UpdateRefused", Patience);
        Assert.Equal(LogLevel.Error, record.Level);
        Assert.Contains(problem, record.Message, StringComparison.Ordinal);
        Assert.Contains("the last valid one is kept", record.Message, StringComparison.Ordinal);
        Assert.Same(good, source.Current);
        Assert.False(token.HasChanged);

        var next = await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        Assert.Equal("/next", next.DefaultSvid.Id.Path);
        Assert.Single(Agent.Calls);
        Assert.Equal(1, Logged("UpdateRefused"));
    }

    [Fact]
    public async Task A_remark_is_logged_and_the_update_is_taken()
    {
        ExpectWarning("UpdateRemark");
        var response = Pki.Response(Pki.Leaf());
        response.FederatedBundles.Add("OTHER", ByteString.Empty);
        Agent.Send(response);
        await Start().WaitForFirstAsync(Patience);
        Assert.Contains("'OTHER'", (await WaitForAsync("UpdateRemark", Patience)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subscriber_that_throws_does_not_stop_the_watch_or_the_others()
    {
        ExpectWarning("SubscriberFailed");
        var source = await StartGoodAsync();
        using var before = source.GetChangeToken().RegisterChangeCallback(_ => throw new InvalidOperationException("first"), null);
        var heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var between = source.GetChangeToken().RegisterChangeCallback(_ => heard.SetResult(), null);
        using var after = source.GetChangeToken().RegisterChangeCallback(_ => throw new InvalidOperationException("last"), null);

        Agent.Send(Pki.Response(Pki.Leaf("/second")));
        await heard.Task.WaitAsync(Patience);
        await WaitForAsync("SubscriberFailed", Patience, times: 2);
        Assert.Equal(["first", "last"], Logs.All.Where(r => r.Event.Name == "SubscriberFailed").Select(r => r.Exception!.Message).Order());

        var third = await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/third"))));
        Assert.Equal("/third", third.DefaultSvid.Id.Path);
        Assert.Single(Agent.Calls);
    }

    [Theory, Trait("Spec", "WA-10")]
    [InlineData(null, null, "/a")]
    [InlineData("internal", null, "/b")]
    [InlineData(null, "spiffe://td/c", "/c")]
    [InlineData("external", "spiffe://td/*", "/c")]
    public async Task The_SVID_in_use_is_the_one_that_was_asked_for(string? hint, string? identity, string path)
    {
        if (hint is null && identity is null) ExpectWarning("SeveralSvids");
        Agent.Send(Several());
        var source = Start(options => (options.Hint, options.Identity) = (hint, identity));
        var context = await source.WaitForFirstAsync(Patience);
        Assert.Equal(path, context.DefaultSvid.Id.Path);
        Assert.Equal(3, context.Svids.Length);
    }

    [Theory, Trait("Spec", "WA-10")]
    [InlineData("other", null, "hint 'other'")]
    [InlineData(null, "spiffe://td/d", "identity 'spiffe://td/d'")]
    [InlineData("internal", "spiffe://td/c", "hint 'internal' and identity 'spiffe://td/c'")]
    public async Task When_no_SVID_is_the_one_that_was_asked_for_the_update_is_refused(string? hint, string? identity, string choice)
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(Several());
        var source = Start(options => (options.Hint, options.Identity) = (hint, identity));
        var message = (await WaitForAsync("UpdateRefused", Patience)).Message;
        Assert.Contains($"({choice})", message, StringComparison.Ordinal);
        Assert.Contains("'spiffe://td/b' with hint 'internal'", message, StringComparison.Ordinal);
        Assert.Contains("none received yet", message, StringComparison.Ordinal);
        Assert.Null(source.Current);
    }

    [Fact, Trait("Spec", "WA-10")]
    public async Task An_update_without_the_SVID_that_was_asked_for_keeps_the_last_good_one()
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(Several());
        var source = Start(options => options.Hint = "internal");
        var good = await source.WaitForFirstAsync(Patience);
        Agent.Send(Pki.Response(Pki.Leaf("/a")));
        await WaitForAsync("UpdateRefused", Patience);
        Assert.Same(good, source.Current);
    }

    private Wire.X509SVIDResponse Several()
    {
        var response = Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b"), Pki.Leaf("/c")]);
        response.Svids[1].Hint = "internal";
        response.Svids[2].Hint = "external";
        return response;
    }

    private static Wire.X509SVID Take(Wire.X509SVIDResponse response, int index)
    {
        var svid = response.Svids[index];
        response.Svids.RemoveAt(index);
        return svid;
    }
}
