using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The agent's newest JWT bundles decide over a token, from one call to the next.</summary>
public sealed class JwtBundleSourceTests(ITestOutputHelper output) : JwtBundleSourceTest(output)
{
    private readonly TestKey _other = TestKey.Create(KeyKind.P256);

    [Fact, Trait("Spec", "WA-21")]
    public async Task The_first_bundles_are_published_and_verify_tokens()
    {
        var source = await StartGoodAsync();
        Assert.Equal("k1", source.Current!.Single().Authorities.Single().KeyId);
        Assert.Equal("spiffe://td/web", source.Verify(Token(Key), Us).Id!.ToString());
        Assert.True(source.Verify(Token(Key), Us).Accepted);
        Assert.EndsWith("/FetchJWTBundles", Agent.Calls.Single().Path, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_the_first_bundles_no_token_is_good()
    {
        var source = Make();
        Assert.Null(source.Current);
        Assert.Equal(JwtRejectionReason.NoBundles, source.Verify(Token(Key), Us).Reason);
        Assert.Throws<ArgumentException>(() => source.Verify(Token(Key), []));
    }

    [Fact, Trait("Spec", "JW-17")]
    public async Task A_key_that_was_added_counts_at_once()
    {
        var source = await StartGoodAsync();
        var token = Token(_other, "k2");
        Assert.Equal(JwtRejectionReason.UnknownKey, source.Verify(token, Us).Reason);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k1", Key), ("k2", _other)]))));
        Assert.True(source.Verify(token, Us).Accepted);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
    }

    [Fact]
    [Trait("Spec", "JW-17"), Trait("Spec", "WA-04")]
    public async Task A_key_that_was_removed_counts_no_more_not_even_for_a_token_that_was_good()
    {
        var source = await StartGoodAsync();
        var token = Token(Key);
        Assert.True(source.Verify(token, Us).Accepted);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.Equal(JwtRejectionReason.UnknownKey, source.Verify(token, Us).Reason);
    }

    [Fact, Trait("Spec", "JW-17")]
    public async Task A_key_that_was_replaced_under_its_name_counts_no_more()
    {
        var source = await StartGoodAsync();
        var token = Token(Key);
        Assert.True(source.Verify(token, Us).Accepted);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k1", _other)]))));
        Assert.Equal(JwtRejectionReason.BadSignature, source.Verify(token, Us).Reason);
        Assert.True(source.Verify(Token(_other), Us).Accepted);
    }

    [Fact, Trait("Trial", "A-12")]
    public async Task Bundles_that_come_again_are_the_same_and_their_keys_are_not_read_anew()
    {
        Agent.Send(Message(("td", [("k1", Key)]), ("partner", [("k1", Key)])));
        var source = Start();
        var before = await source.WaitForFirstAsync(Patience);
        var after = await NextAsync(source, () => Agent.Send(Message(("td", [("k1", Key)]), ("partner", [("k1", _other)]))));
        Assert.Same(before.Find(TrustDomain.Parse("td")), after.Find(TrustDomain.Parse("td")));
        Assert.NotEqual(before.Find(TrustDomain.Parse("partner")), after.Find(TrustDomain.Parse("partner")));

        // Only the bytes of its own trust domain count.
        var swapped = await NextAsync(source, () => Agent.Send(Message(("td", [("k1", _other)]), ("partner", [("k1", Key)]))));
        Assert.All(swapped, bundle => Assert.NotEqual(bundle, after.Find(bundle.TrustDomain)));
    }

    [Fact, Trait("Trial", "A-12")]
    public void A_bundle_that_comes_again_with_a_mistake_is_remarked_on_again()
    {
        var message = Message(("td", [("k1", Key), ("k1", _other)]), ("partner", [("k1", Key)]));
        var first = new JwtResponseReader();
        var before = first.ReadBundles(message);
        var second = new JwtResponseReader(first.Known);
        var after = second.ReadBundles(message);
        Assert.Equal(Assert.Single(first.Remarks), Assert.Single(second.Remarks));
        Assert.NotSame(before.Find(TrustDomain.Parse("td")), after.Find(TrustDomain.Parse("td")));
        Assert.Same(before.Find(TrustDomain.Parse("partner")), after.Find(TrustDomain.Parse("partner")));
    }

    [Fact, Trait("Spec", "WA-05")]
    public async Task A_trust_domain_that_was_added_is_known_at_once()
    {
        var source = await StartGoodAsync();
        var token = Token(_other, subject: "spiffe://partner/web");
        Assert.Equal(JwtRejectionReason.UnknownTrustDomain, source.Verify(token, Us).Reason);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k1", Key)]), ("partner", [("k1", _other)]))));
        Assert.True(source.Verify(token, Us).Accepted);
    }

    [Fact]
    [Trait("Spec", "WA-05"), Trait("Spec", "WA-06")]
    public async Task A_trust_domain_that_was_left_out_is_unknown()
    {
        Agent.Send(Message(("td", [("k1", Key)]), ("partner", [("k1", _other)])));
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        var token = Token(_other, subject: "spiffe://partner/web");
        Assert.True(source.Verify(token, Us).Accepted);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k1", Key)]))));
        Assert.Equal(JwtRejectionReason.UnknownTrustDomain, source.Verify(token, Us).Reason);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
    }

    [Fact, Trait("Spec", "TB-03")]
    public async Task A_bundle_without_keys_replaces_one_with_keys()
    {
        var source = await StartGoodAsync();
        await NextAsync(source, () => Agent.Send(Message(("td", []))));
        Assert.Equal(JwtRejectionReason.UnknownKey, source.Verify(Token(Key), Us).Reason);
    }

    [Fact, Trait("Spec", "WA-29")]
    public async Task A_message_without_news_changes_nothing()
    {
        var source = await StartGoodAsync();
        var (before, token) = (source.Current, source.GetChangeToken());
        var verified = source.Verify(Token(Key), Us).Svid!;
        Agent.Send(Message(("td", [("k1", Key)])));

        // A message that is refused is the proof that the one before it was taken in.
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.JWTBundlesResponse());
        await WaitForAsync("UpdateRefused", Patience);
        Assert.Same(before, source.Current);
        Assert.False(token.HasChanged);
        Assert.Same(verified, source.Verify(verified.Token, Us).Svid);
    }

    [Fact, Trait("Spec", "JW-13")]
    public async Task The_clock_of_the_source_decides()
    {
        var source = await StartGoodAsync();
        var expiry = Time.GetUtcNow().ToUnixTimeSeconds() + 300;
        var token = new TestToken { Payload = $$"""{"sub":"spiffe://td/web","aud":"aud","exp":{{expiry}}}""" }.SignedBy(Key);
        Assert.True(source.Verify(token, Us).Accepted);
        Time.Advance(TimeSpan.FromSeconds(301));
        Assert.True(source.Verify(token, Us).Accepted);
        Assert.Equal(JwtRejectionReason.Expired, source.Verify(token, Us, TimeSpan.Zero).Reason);
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(JwtRejectionReason.Expired, source.Verify(token, Us).Reason);
    }

    [Fact]
    public async Task Dispose_ends_the_stream_and_the_last_bundles_stay()
    {
        var source = await StartGoodAsync();
        await source.DisposeAsync();
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
        source.Dispose();
        await source.DisposeAsync();
    }

    [Fact]
    public async Task Who_waits_when_there_are_bundles_gets_the_newest()
    {
        var source = await StartGoodAsync();
        var first = await source.WaitForFirstAsync(Patience);
        var next = await NextAsync(source, () => Agent.Send(Message(("td", [("k2", _other)]))));
        Assert.NotSame(first, next);
        Assert.Same(next, await source.WaitForFirstAsync(Patience));
    }

    [Fact]
    public async Task A_source_that_never_began_can_be_disposed_and_begins_no_more()
    {
        var source = Make();
        await source.DisposeAsync();
        source.Start();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => source.WaitForFirstAsync(Patience));
        Assert.Empty(Agent.Calls);
    }

    [Fact]
    public async Task The_watch_keeps_nothing_of_whoever_happened_to_start_it()
    {
        var scope = new AsyncLocal<string?> { Value = "the starter's" };
        var seen = new TaskCompletionSource<string?>();
        Agent.Send(Message(("td", [("k1", Key)])));
        await using var source = new JwtBundleSource(new() { EndpointSocket = Agent.Address }, Loggers, new WatchedTime(() => seen.TrySetResult(scope.Value)));
        source.Start();
        Assert.Null(await seen.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_subscriber_that_fails_does_not_stop_the_watch()
    {
        ExpectWarning("SubscriberFailed");
        var source = await StartGoodAsync();
        using var registration = source.GetChangeToken().RegisterChangeCallback(_ => throw new InvalidOperationException("no"), null);
        Agent.Send(Message(("td", [("k2", _other)])));
        await WaitForAsync("SubscriberFailed", Patience);
        await NextAsync(source, () => Agent.Send(Message(("td", [("k1", Key)]))));
        Assert.True(source.Verify(Token(Key), Us).Accepted);
    }

    [Fact]
    public async Task A_program_without_a_host_waits_for_the_first_bundles()
    {
        Agent.Send(Message(("td", [("k1", Key)])));
        await using var source = await JwtBundleSource.StartAsync(new() { EndpointSocket = Agent.Address }, Loggers, Patience);
        Assert.True(source.Verify(Token(Key), Us).Accepted);
    }

    [Fact]
    public async Task A_program_without_a_host_is_told_what_its_options_lack()
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        options.Retry.Jitter = 2;
        await Assert.ThrowsAsync<ArgumentException>(() => JwtBundleSource.StartAsync(options, Loggers, Patience));
        await Assert.ThrowsAsync<FormatException>(() => JwtBundleSource.StartAsync(new() { EndpointSocket = "nowhere" }, Loggers, Patience));
        Assert.Empty(Agent.Calls);
    }

    [Fact]
    public async Task Without_bundles_in_time_the_start_fails_and_says_why()
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(new Wire.JWTBundlesResponse());
        var source = Start();
        await WaitForAsync("UpdateRefused", Patience);
        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(1), Patience);
        Time.Advance(TimeSpan.FromSeconds(1));
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => waiting);
        Assert.StartsWith($"The SPIFFE Workload API at '{Agent.Address}' gave no JWT bundles within 1 s. Its last update was refused:", e.Message, StringComparison.Ordinal);
    }

    /// <summary>A clock that tells when the watch looks at it.</summary>
    private sealed class WatchedTime(Action looked) : TimeProvider
    {
        public override long GetTimestamp()
        {
            looked();
            return base.GetTimestamp();
        }
    }
}
