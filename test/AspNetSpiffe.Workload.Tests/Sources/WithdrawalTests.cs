using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>An identity that the agent takes back is out of use after a moment, and back in use when the agent gives it again.</summary>
public sealed class WithdrawalTests(ITestOutputHelper output) : SourceTest(output)
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(3);

    [Fact, Trait("Spec", "WA-11")]
    public async Task PermissionDenied_withdraws_the_identity_after_the_delay_and_a_new_one_ends_that()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync();
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("IdentityMissing", Patience);
        Assert.NotNull(source.Current);

        Time.Advance(Delay);
        await WaitForAsync("IdentityWithdrawn", Patience);
        Assert.Null(source.Current);

        Agent.OnEachCall = null;
        var next = NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/again"))));
        while (!next.IsCompleted) await Task.WhenAny(next, PassPauseAsync());
        Assert.Equal("/again", (await next).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Who_waits_while_the_identity_is_withdrawn_gets_the_next_one()
    {
        var source = await StartGoodAsync("/first");
        source.Withdraw();
        var waiting = source.WaitForFirstAsync(Patience);
        Assert.False(waiting.IsCompleted);

        Agent.Send(Pki.Response(Pki.Leaf("/second")));
        Assert.Equal("/second", (await waiting).DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task An_identity_that_is_missing_from_the_next_message_is_withdrawn()
    {
        ExpectWarning("UpdateRefused");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync("/mine", options => options.Identity = "spiffe://td/mine,spiffe://example.org/mine");
        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        await WaitForAsync("UpdateRefused", Patience);
        Assert.NotNull(source.Current);

        Time.Advance(Delay);
        await WaitForAsync("IdentityWithdrawn", Patience);
        Assert.Null(source.Current);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task An_identity_that_is_back_within_the_delay_is_never_out_of_use()
    {
        ExpectWarning("UpdateRefused");
        var mine = Pki.Response(Pki.Leaf("/mine"));
        Agent.Send(mine.Clone());
        var source = Start(options => options.Identity = $"{Pki.TrustDomain.Id}/mine");
        await source.WaitForFirstAsync(Patience);

        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        await WaitForAsync("UpdateRefused", Patience);
        Agent.Send(mine.Clone());
        await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/mine"), Pki.Leaf("/more")])));

        Time.Advance(Delay + Delay);
        Assert.NotNull(source.Current);
    }

    [Fact, Trait("Trial", "M-13")]
    public async Task A_good_answer_ends_the_withdrawal_and_the_next_denial_begins_another()
    {
        ExpectWarning("UpdateRefused");
        ExpectWarning("IdentityWithdrawn");
        var mine = Pki.Response(Pki.Leaf("/mine"));
        Agent.Send(mine.Clone());
        var source = Start(options => options.Identity = "spiffe://td/mine");
        await source.WaitForFirstAsync(Patience);
        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        await WaitForAsync("IdentityMissing", Patience);

        // The same as before: nothing is published, and only the withdrawal ends. What is refused proves that it was taken in.
        Agent.Send(mine.Clone());
        Agent.Send(new Wire.X509SVIDResponse());
        await WaitForAsync("UpdateRefused", Patience, times: 2);
        await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/mine"), Pki.Leaf("/more")])));
        Time.Advance(Delay + Delay);
        Assert.NotNull(source.Current);

        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        await WaitForAsync("IdentityMissing", Patience, times: 2);
        Time.Advance(Delay - TimeSpan.FromSeconds(1));
        Assert.NotNull(source.Current);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(source.Current);
        await WaitForAsync("IdentityWithdrawn", Patience);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task An_agent_that_goes_away_after_its_denial_has_not_given_the_identity_back()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync("/first");
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.Unavailable, "starting");
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(Delay);
        await WaitForAsync("IdentityWithdrawn", Patience);

        var next = source.GetChangeToken().ChangedAsync(Patience);
        while (Logged("AgentUnavailable") < 2) await PassPauseAsync();
        Agent.OnEachCall = null;
        Agent.Send(Pki.Response(Pki.Leaf("/again")));
        while (!next.IsCompleted) await Task.WhenAny(next, PassPauseAsync());
        await next;
        Assert.Equal("/again", source.Current?.DefaultSvid.Id.Path);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task Whoever_is_denied_again_and_again_does_not_keep_the_identity_for_longer()
    {
        ExpectWarning("UpdateRefused");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync("/mine", options => options.Identity = $"{Pki.TrustDomain.Id}/mine");
        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        await WaitForAsync("IdentityMissing", Patience);
        await WaitForAsync("UpdateRefused", Patience);

        Time.Advance(Delay - TimeSpan.FromSeconds(1));
        Agent.Send(Pki.Response(Pki.Leaf("/another")));
        await WaitForAsync("UpdateRefused", Patience, times: 2);
        Time.Advance(TimeSpan.FromSeconds(1));
        await WaitForAsync("IdentityWithdrawn", Patience);
        Assert.Null(source.Current);
        Assert.Equal(1, Logged("IdentityMissing"));
    }

    [Fact, Trait("Trial", "M-13")]
    public async Task Without_an_identity_no_withdrawal_begins_that_would_take_the_first_one()
    {
        ExpectWarning("UpdateRefused");
        Agent.Send(Pki.Response(Pki.Leaf("/other")));
        var source = Start(options => options.Identity = "spiffe://td/mine");
        await WaitForAsync("UpdateRefused", Patience);
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/mine"))));
        Time.Advance(Delay + Delay);
        Assert.NotNull(source.Current);
        Assert.Equal(0, Logged("IdentityMissing"));
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task With_KeepUntilExpiry_an_identity_that_was_taken_back_serves_on()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync(change: options => options.IdentityRevocation = IdentityRevocation.KeepUntilExpiry);
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("AgentUnavailable", Patience);
        Time.Advance(Delay + Delay);
        Assert.NotNull(source.Current);
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task An_agent_that_is_gone_has_taken_nothing_back()
    {
        ExpectWarning("AgentUnavailable");
        var source = await StartGoodAsync();
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        Time.Advance(Delay + Delay);
        Assert.NotNull(source.Current);
    }
}
