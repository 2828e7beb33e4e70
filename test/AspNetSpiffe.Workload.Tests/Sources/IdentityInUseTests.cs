
namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A workload that is issued several identities: which it uses does not change while it runs, and the operator is told that chance has chosen.</summary>
[Trait("Trial", "A-15"), Trait("Spec", "WA-30")]
public sealed class IdentityInUseTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact]
    public async Task The_identity_in_use_stays_when_another_is_added_before_it()
    {
        ExpectWarning("SeveralSvids");
        var source = await StartGoodAsync("/server");
        var next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/client"), Pki.Leaf("/server")])));
        Assert.Equal("/server", next.DefaultSvid.Id.Path);
        Assert.Equal(
            $"The SPIFFE Workload API at '{Agent.Address}' issues 2 SVIDs to this workload: 'spiffe://td/client' with hint '', 'spiffe://td/server' with hint ''. " +
            "It uses spiffe://td/server as long as that is issued; after a restart it may use another one. " +
            "Set 'Spiffe:Hint' or 'Spiffe:Identity', or give each workload registration selectors of its own.",
            (await WaitForAsync("SeveralSvids", Patience)).Message);

        next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/server"), Pki.Leaf("/client")])));
        Assert.Equal("/server", next.DefaultSvid.Id.Path);
        Time.Advance(TimeSpan.FromMinutes(31));
        next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/server"), Pki.Leaf("/client")])));
        Assert.Equal("/server", next.DefaultSvid.Id.Path);
        await source.DisposeAsync();
        Assert.Equal(1, Logged("SeveralSvids"));
    }

    [Fact, Trait("Spec", "WA-30")]
    public async Task A_renewal_in_the_same_order_keeps_the_identity_in_use_and_another_order_of_the_same_ones_makes_the_first_the_default()
    {
        ExpectWarning("SeveralSvids");
        var source = await StartGoodAsync("/server");
        await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/client"), Pki.Leaf("/server")])));
        var next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/client"), Pki.Leaf("/server")])));
        Assert.Equal("/server", next.DefaultSvid.Id.Path);

        next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/server"), Pki.Leaf("/client")])));
        Assert.Equal("/server", next.DefaultSvid.Id.Path);
        next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/client"), Pki.Leaf("/server")])));
        Assert.Equal("/client", next.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task An_identity_that_is_no_longer_issued_gives_way_to_the_first()
    {
        ExpectWarning("SeveralSvids");
        var source = await StartGoodAsync("/gone");
        Assert.Equal("/a", (await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")])))).DefaultSvid.Id.Path);
        Assert.Equal("/a", (await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/gone"), Pki.Leaf("/a")])))).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task An_identity_that_was_withdrawn_is_the_one_that_comes_back()
    {
        ExpectWarning("SeveralSvids");
        var source = await StartGoodAsync("/server");
        source.Withdraw();
        Assert.Equal("/server", (await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/client"), Pki.Leaf("/server")])))).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Of_two_SVIDs_of_one_identity_the_one_with_the_same_hint_stays()
    {
        ExpectWarning("SeveralSvids");
        var first = Pki.Response([Pki.Leaf("/a")]);
        first.Svids[0].Hint = "internal";
        Agent.Send(first);
        var source = Start();
        await source.WaitForFirstAsync(Patience);
        var second = Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/a")]);
        (second.Svids[0].Hint, second.Svids[1].Hint) = ("external", "internal");
        Assert.Equal("internal", (await NextAsync(source, () => Agent.Send(second))).DefaultSvid.Hint);
        var third = Pki.Response([Pki.Leaf("/b"), Pki.Leaf("/a")]);
        Assert.Equal("/a", (await NextAsync(source, () => Agent.Send(third))).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_pattern_that_means_several_leaves_the_choice_to_chance_too()
    {
        ExpectWarning("SeveralSvids");
        Agent.Send(Pki.Response([Pki.Leaf("/other"), Pki.Leaf("/ns/a"), Pki.Leaf("/ns/b")]));
        var source = Start(options => options.Identity = "spiffe://td/ns/*");
        Assert.Equal("/ns/a", (await source.WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Contains("issues 2 SVIDs to this workload", (await WaitForAsync("SeveralSvids", Patience)).Message, StringComparison.Ordinal);
        Assert.Equal("/ns/a", (await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/ns/b"), Pki.Leaf("/ns/a")])))).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task One_that_was_asked_for_is_no_chance()
    {
        Agent.Send(Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")]));
        var source = Start(options => options.Identity = "spiffe://td/b");
        await source.WaitForFirstAsync(Patience);
        await source.DisposeAsync();
        Assert.Equal(0, Logged("SeveralSvids"));
    }

    [Fact, Trait("Trial", "O-08")]
    public async Task Hints_are_quoted_and_a_long_list_is_cut()
    {
        ExpectWarning("UpdateRefused");
        var response = Pki.Response([.. Enumerable.Range(0, 12).Select(i => Pki.Leaf($"/{i}"))]);
        response.Svids[0].Hint = "two\nlines" + new string('x', 5_000);
        Agent.Send(response);
        Start(options => options.Hint = "mine'");
        var message = (await WaitForAsync("UpdateRefused", Patience)).Message;
        Assert.Contains(@"'spiffe://td/0' with hint 'two\u000alinesxxx", message, StringComparison.Ordinal);
        Assert.Contains("and 2 more.", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.InRange(message.Length, 0, 2_000);
    }
}
