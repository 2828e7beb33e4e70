using AspNetSpiffe.Wire;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Who asks for a token, and what the agent is asked.</summary>
public sealed class JwtSourceTests(ITestOutputHelper output) : JwtSourceTest(output)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task All_who_wait_for_a_token_share_one_call()
    {
        var source = Make();
        var callers = Enumerable.Range(0, 50).Select(_ => GetAsync(source)).ToArray();
        await Agent.WaitForCallAsync(1, Patience);
        var token = AnswerFor(Minute);

        Assert.All(await Task.WhenAll(callers), given => Assert.Equal(token, given));
        Assert.Equal(token, await GetAsync(source));
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_caller_who_gives_up_ends_only_his_own_waiting()
    {
        var source = Make();
        using var impatience = new CancellationTokenSource();
        var first = source.GetAsync("a", cancellationToken: impatience.Token).AsTask();
        var second = GetAsync(source);
        await Agent.WaitForCallAsync(1, Patience);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var token = AnswerFor(Minute);
        Assert.Equal(token, await second);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task All_who_wait_learn_of_the_failure_and_the_next_caller_asks_again()
    {
        var source = Make();
        var callers = Enumerable.Range(0, 3).Select(_ => GetAsync(source)).ToArray();
        await Agent.WaitForCallAsync(1, Patience);
        Agent.CloseWith(StatusCode.Unavailable, "not yet");
        foreach (var caller in callers)
            Assert.Contains("not yet", (await Assert.ThrowsAsync<WorkloadApiException>(() => caller)).Message, StringComparison.Ordinal);

        var token = AnswerFor(Minute);
        Assert.Equal(token, await GetAsync(source));
        Assert.Equal(2, Agent.Calls.Count);
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task The_order_of_the_audiences_does_not_matter()
    {
        var source = Make();
        Answer(Svid(Web, Minute, "a", "b"));
        var svid = await source.GetAsync(["b", "a", "b"], cancellationToken: Patience);
        Assert.Same(svid, await source.GetAsync(["a", "b"], cancellationToken: Patience));
        Assert.Equal(["a", "b"], Assert.Single(Asked).Audience);
        Assert.Empty(Asked[0].SpiffeId);
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task Each_audience_and_each_identity_has_its_own_token()
    {
        var source = Make();
        Answer(Svid(Web, Minute, "a"));
        await source.GetAsync("a", cancellationToken: Patience);
        Answer(Svid(Web, Minute, "b"));
        await source.GetAsync("b", cancellationToken: Patience);
        Answer(Svid(Web, Minute, "a", "b"));
        await source.GetAsync(["a", "b"], cancellationToken: Patience);
        Answer(Svid(Admin, Minute, "a"));
        var admin = await source.GetAsync("a", Admin, Patience);

        Assert.Equal(Admin, admin.Id);
        Assert.Equal(["a", "b", "a b", "a"], Asked.Select(request => string.Join(' ', request.Audience)));
        Assert.Equal(["", "", "", Admin.ToString()], Asked.Select(request => request.SpiffeId));
    }

    [Fact, Trait("Spec", "WA-19")]
    public async Task The_first_token_is_the_default()
    {
        Answer(Svid(Web, Minute, "a"), Svid(Admin, Minute, "a"));
        Assert.Equal(Web, (await Make().GetAsync("a", cancellationToken: Patience)).Id);
    }

    [Theory]
    [InlineData(null, "spiffe://td/admin")]
    [InlineData("internal", null)]
    public async Task The_options_choose_among_several_identities(string? hint, string? identity)
    {
        var admin = Svid(Admin, Minute, "a");
        admin.Hint = "internal";
        Answer(Svid(Web, Minute, "a"), admin);
        var source = Make(o => (o.Hint, o.Identity) = (hint, identity));
        Assert.Equal(Admin, (await source.GetAsync("a", cancellationToken: Patience)).Id);
    }

    [Fact]
    public async Task Without_the_identity_of_the_options_there_is_no_token()
    {
        Answer(Svid(Web, Minute, "a"));
        var source = Make(o => o.Hint = "internal");
        var e = await Assert.ThrowsAsync<FormatException>(() => GetAsync(source));
        Assert.Contains("(hint 'internal'); issued are 'spiffe://td/web' with hint ''", e.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "WA-19")]
    public async Task A_token_that_does_not_fit_the_question_is_refused_and_not_kept()
    {
        var source = Make();
        Answer(Svid(Web, Minute, "b"));
        Assert.Contains("not for the audience 'a'", (await Assert.ThrowsAsync<FormatException>(() => GetAsync(source))).Message, StringComparison.Ordinal);
        Answer(Svid(Web, Minute, "a"));
        Assert.Contains("was requested", (await Assert.ThrowsAsync<FormatException>(() => source.GetAsync("a", Admin, Patience).AsTask())).Message, StringComparison.Ordinal);

        var token = AnswerFor(Minute);
        Assert.Equal(token, await GetAsync(source));
    }

    [Fact, Trait("Spec", "WA-18")]
    public async Task Nothing_is_asked_without_an_audience_or_with_too_many()
    {
        var source = Make();
        foreach (string[] audiences in new string[][] { [], [""], ["a", null!], [.. Enumerable.Range(0, 33).Select(i => $"a{i}")] })
            await Assert.ThrowsAsync<ArgumentException>(() => source.GetAsync(audiences, cancellationToken: Patience).AsTask());
        Assert.Empty(Agent.Calls);
    }

    [Fact]
    public async Task The_set_of_audiences_that_was_used_longest_ago_makes_room()
    {
        var source = Make();
        for (var i = 0; i < 1000; i++) await FetchAsync(source, $"a{i}");
        await source.GetAsync("a0", cancellationToken: Patience);
        Assert.Equal(1000, Agent.Calls.Count);

        await FetchAsync(source, "new");
        await source.GetAsync("a0", cancellationToken: Patience);
        Assert.Equal(1001, Agent.Calls.Count);
        await FetchAsync(source, "a1");
        Assert.Equal(1002, Agent.Calls.Count);
    }

    [Fact]
    public async Task An_agent_that_never_answers_ends_the_waiting()
    {
        var source = Make();
        var waiting = GetAsync(source);
        await Agent.WaitForCallAsync(1, Patience);
        Time.Advance(TimeSpan.FromSeconds(30));
        var e = await Assert.ThrowsAsync<WorkloadApiException>(() => waiting);
        Assert.Contains("no JWT-SVID within 30 s", e.Message, StringComparison.Ordinal);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task Dispose_ends_the_waiting_and_there_are_no_more_tokens()
    {
        var source = Make();
        var waiting = GetAsync(source);
        await Agent.WaitForCallAsync(1, Patience);
        await source.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        await Agent.Calls[0].WaitForCancelAsync(Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => GetAsync(source));
        source.Dispose();
    }

    [Fact]
    public void Mistakes_in_the_options_are_found_at_once()
    {
        Assert.Throws<FormatException>(() => Make(o => o.EndpointSocket = "rubbish"));
        Assert.Throws<FormatException>(() => Make(o => o.Identity = "rubbish"));
        Assert.Contains("Retry.InitialDelay", Assert.Throws<ArgumentException>(() => Make(o => o.Retry.InitialDelay = TimeSpan.Zero)).Message, StringComparison.Ordinal);
        Assert.Contains("MaxSvids", Assert.Throws<ArgumentException>(() => Make(o => o.Limits.MaxSvids = 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_token_is_in_a_log_or_in_an_error()
    {
        var source = Make();
        var errors = new List<Exception>();
        JWTSVID[] bad = [Svid(Web, Minute, "b"), Svid(Admin, Minute, "a"), Svid(Web, -Minute, "a"), new() { SpiffeId = Web.ToString(), Svid = "recognisable-secret" }];
        foreach (var svid in bad)
        {
            Answer(svid);
            errors.Add(await Assert.ThrowsAsync<FormatException>(() => source.GetAsync("a", Web, Patience).AsTask()));
        }

        var token = AnswerFor(Minute);
        Assert.Equal(token, await GetAsync(source));
        await WaitForFetchAsync(1);
        await source.DisposeAsync();

        var told = string.Join('\n', [.. errors.Select(e => e.ToString()), .. Logs.All.Select(r => $"{r} {string.Join(' ', r.Values.Values)}")]);
        Assert.All([.. bad.Select(svid => svid.Svid), token], secret => Assert.All(secret.Split('.').Skip(1), part => Assert.DoesNotContain(part, told, StringComparison.Ordinal)));
        Assert.DoesNotContain("recognisable-secret", told, StringComparison.Ordinal);
    }

    private async Task FetchAsync(JwtSource source, string audience)
    {
        Answer(Svid(Web, TimeSpan.FromHours(1), audience));
        await source.GetAsync(audience, cancellationToken: Patience);
    }
}
