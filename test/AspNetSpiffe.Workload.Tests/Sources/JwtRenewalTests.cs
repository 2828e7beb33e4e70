using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>How long a token is given out, and what ends it.</summary>
public sealed class JwtRenewalTests(ITestOutputHelper output) : JwtSourceTest(output)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_token_is_kept_until_half_of_its_life()
    {
        var source = Make();
        var token = AnswerFor(Minute);
        Assert.Equal(token, await GetAsync(source));
        Time.Advance(29 * Second);
        Assert.Equal(token, await GetAsync(source));
        await AssertCallsAsync(source, 1);
    }

    [Fact]
    public async Task From_half_of_its_life_on_a_token_is_renewed_while_it_still_serves()
    {
        var source = Make();
        var old = AnswerFor(Minute);
        await GetAsync(source);
        Time.Advance(30 * Second);

        // The agent has not answered: nobody waits for it.
        Assert.Equal(old, await GetAsync(source));
        await Agent.WaitForCallAsync(2, Patience);
        Assert.Equal(old, await GetAsync(source));

        var next = AnswerFor(Minute);
        await WaitForFetchAsync(2);
        Assert.Equal(next, await GetAsync(source));
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Theory]
    [InlineData(54, true)]
    [InlineData(55, false)]
    [InlineData(60, false)]
    [InlineData(3600, false)]
    public async Task A_token_is_not_given_out_in_its_last_5_seconds_or_later(int age, bool serves)
    {
        var source = Make();
        var old = AnswerFor(Minute);
        await GetAsync(source);
        Time.Advance(age * Second);

        var next = AnswerFor(Minute);
        Assert.Equal(serves ? old : next, await GetAsync(source));
        await WaitForFetchAsync(2);
    }

    [Fact]
    public async Task A_failed_renewal_leaves_the_token_until_its_end()
    {
        ExpectWarning("JwtSvidNotRenewed");
        var source = Make();
        var token = AnswerFor(Minute);
        await GetAsync(source);

        await Agent.StopAsync();
        Time.Advance(30 * Second);
        Assert.Equal(token, await GetAsync(source));
        var warning = await WaitForAsync("JwtSvidNotRenewed", Patience);
        Assert.Contains("The JWT-SVID 'spiffe://td/web' for 'a' was not renewed; it remains in use until", warning.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token.Split('.')[1], warning.ToString(), StringComparison.Ordinal);

        Time.Advance(24 * Second);
        Assert.Equal(token, await GetAsync(source));
        Time.Advance(Second);
        Assert.Equal(WorkloadApiFailure.NoSuchSocket, (await Assert.ThrowsAsync<WorkloadApiException>(() => GetAsync(source))).Failure);
    }

    [Fact]
    public async Task A_failed_renewal_is_repeated_after_a_pause_that_grows()
    {
        ExpectWarning("JwtSvidNotRenewed");
        var source = Make();
        AnswerFor(Minute);
        await GetAsync(source);
        Time.Advance(30 * Second);

        await FailRenewalAsync(source, 1);
        Time.Advance(0.5 * Second);
        await FailRenewalAsync(source, 2);
        Time.Advance(0.9 * Second);
        await GetAsync(source);
        await AssertCallsAsync(source, 3);
        Time.Advance(0.1 * Second);
        await FailRenewalAsync(source, 3);
    }

    [Fact]
    public async Task An_answer_that_cannot_be_used_is_a_failed_renewal_too()
    {
        ExpectWarning("JwtSvidNotRenewed");
        var source = Make();
        var token = AnswerFor(Minute);
        await GetAsync(source);
        Time.Advance(30 * Second);

        AnswerFor(-Second);
        await GetAsync(source);
        Assert.Contains("expired at", (await WaitForAsync("JwtSvidNotRenewed", Patience)).Message, StringComparison.Ordinal);
        Assert.Equal(token, await GetAsync(source));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-60)]
    public async Task A_token_that_has_expired_when_it_comes_is_refused(int lifetime)
    {
        var source = Make();
        AnswerFor(lifetime * Second);
        var e = await Assert.ThrowsAsync<FormatException>(() => GetAsync(source));
        Assert.Contains("a JWT-SVID of 'spiffe://td/web' that expired at 2027-01-15", e.Message, StringComparison.Ordinal);
        Assert.Contains("compare the clocks", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_with_a_very_short_life_is_given_out_once()
    {
        var source = Make();
        var (first, second) = (AnswerFor(3 * Second), AnswerFor(3 * Second));
        Assert.Equal(first, await GetAsync(source));
        Assert.Equal(second, await GetAsync(source));
    }

    [Fact, Trait("Spec", "WA-20")]
    public async Task A_denied_token_is_an_error_and_not_the_old_one()
    {
        ExpectWarning("JwtSvidDenied");
        var source = Make();
        var old = AnswerFor(Minute);
        await GetAsync(source);
        Time.Advance(30 * Second);
        await DenyAsync(source, "a", null);

        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => GetAsync(source));
        Assert.Equal(StatusCode.PermissionDenied, e.StatusCode);

        // An identity that comes back is used again.
        var next = AnswerFor(Minute);
        Assert.Equal(next, await GetAsync(source));
        Assert.NotEqual(old, next);
    }

    [Fact, Trait("Spec", "WA-20")]
    public async Task Who_is_denied_all_identities_keeps_no_token_for_any_audience()
    {
        ExpectWarning("JwtSvidDenied");
        var source = await WithTokensAsync();
        await DenyAsync(source, "a", null);
        Assert.Equal(["a", "b", "c"], await RefetchedAsync(source));
    }

    [Fact, Trait("Spec", "WA-20")]
    public async Task Who_is_denied_one_identity_keeps_the_tokens_of_the_others()
    {
        ExpectWarning("JwtSvidDenied");
        var source = await WithTokensAsync();
        await DenyAsync(source, "b", Admin);
        Assert.Equal(["b", "c"], await RefetchedAsync(source));
    }

    /// <summary>Makes a source with a token of ours by default (a), one of the admin (b), and one that is the admin's without being asked for as such (c).</summary>
    private async Task<JwtSource> WithTokensAsync()
    {
        var source = Make();
        Answer(Svid(Web, 2 * Minute, "a"));
        await source.GetAsync("a", cancellationToken: Patience);
        Answer(Svid(Admin, 2 * Minute, "b"));
        await source.GetAsync("b", Admin, Patience);
        Answer(Svid(Admin, 2 * Minute, "c"));
        await source.GetAsync("c", cancellationToken: Patience);
        Time.Advance(Minute);
        return source;
    }

    /// <summary>Says for which audiences the source has no token any more.</summary>
    private async Task<List<string>> RefetchedAsync(JwtSource source)
    {
        var refetched = new List<string>();
        foreach (var (audience, id) in new[] { ("a", null), ("b", Admin), ("c", null) })
        {
            var calls = Agent.Calls.Count;
            var got = source.GetAsync(audience, id, Patience);
            if (!got.IsCompletedSuccessfully) refetched.Add(audience);

            // Either way there was a call: those that are kept are due.
            await Agent.WaitForCallAsync(calls + 1, Patience);
            Answer(Svid(id ?? Web, Minute, audience));
            await Agent.WaitForScriptAsync(Patience);
            await got;
        }

        return refetched;
    }

    private async Task DenyAsync(JwtSource source, string audience, SpiffeId? id)
    {
        Assert.NotNull(await source.GetAsync(audience, id, Patience));
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("JwtSvidDenied", Patience);
    }

    /// <summary>Says how many calls there were; a call that should not be would take the answer to the next one.</summary>
    private async Task AssertCallsAsync(JwtSource source, int calls)
    {
        Answer(Svid(Web, Minute, "next"));
        await source.GetAsync("next", cancellationToken: Patience);
        Assert.Equal(["a", "next"], Asked.TakeLast(2).Select(request => request.Audience.Single()));
        Assert.Equal(calls + 1, Asked.Count);
    }

    private async Task FailRenewalAsync(JwtSource source, int times)
    {
        Agent.CloseWith(StatusCode.Unavailable, "busy");
        await GetAsync(source);
        await WaitForAsync("JwtSvidNotRenewed", Patience, times);
    }
}
