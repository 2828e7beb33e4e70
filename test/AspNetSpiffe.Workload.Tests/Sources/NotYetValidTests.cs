using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>An SVID whose time has not come: every peer would refuse it.</summary>
[Trait("Trial", "A-03"), Trait("Spec", "XL-07")]
public sealed class NotYetValidTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact]
    public async Task The_last_good_one_stays_until_the_time_of_the_new_one_has_come()
    {
        ExpectWarning("SvidNotYetValid");
        var source = await StartGoodAsync("/good");
        var good = source.Current;
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(10))));
        var told = (await WaitForAsync("SvidNotYetValid", Patience)).Message;
        Assert.Contains($"Its SVID 'spiffe://td/ahead' is not valid before {Time.GetUtcNow().AddMinutes(10):u}, and the time here is {Time.GetUtcNow():u}", told, StringComparison.Ordinal);
        Assert.Contains("Identity: the last valid one is kept.", told, StringComparison.Ordinal);
        Assert.Same(good, source.Current);

        Time.Advance(TimeSpan.FromMinutes(9) - TimeSpan.FromSeconds(5));
        Assert.Same(good, source.Current);
        var next = NextAsync(source, () => Time.Advance(TimeSpan.FromMinutes(1.2)));
        Assert.Equal("/ahead", (await next).DefaultSvid.Id.Path);
        Assert.Equal(1, Logged("SvidNotYetValid"));
        Assert.Single(Agent.Calls);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(59)]
    public async Task A_clock_that_is_ahead_by_less_than_a_minute_does_not_matter(int seconds)
    {
        var source = await StartGoodAsync("/good");
        var next = await NextAsync(source, () => Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromSeconds(seconds)))));
        Assert.Equal("/ahead", next.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_newer_message_takes_its_place()
    {
        ExpectWarning("SvidNotYetValid");
        var source = await StartGoodAsync("/good");
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(10))));
        await WaitForAsync("SvidNotYetValid", Patience);
        Assert.Equal("/newer", (await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/newer"))))).DefaultSvid.Id.Path);
        Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("/newer", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task An_identity_that_is_denied_meanwhile_is_not_taken()
    {
        ExpectWarning("SvidNotYetValid");
        ExpectWarning("AgentUnavailable");
        ExpectWarning("IdentityWithdrawn");
        var source = await StartGoodAsync("/good");
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(10))));
        await WaitForAsync("SvidNotYetValid", Patience);
        Agent.OnEachCall = agent => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(TimeSpan.FromMinutes(20));
        await WaitForAsync("IdentityWithdrawn", Patience);
        Assert.Null(source.Current);
    }

    [Fact]
    public async Task A_clock_that_is_put_right_meanwhile_is_looked_at_within_a_minute()
    {
        ExpectWarning("SvidNotYetValid");
        var source = await StartGoodAsync("/good");
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(30))));
        await WaitForAsync("SvidNotYetValid", Patience);
        Time.Jump(TimeSpan.FromMinutes(30));
        Assert.Equal("/ahead", (await NextAsync(source, () => Time.Advance(TimeSpan.FromMinutes(1)))).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task At_start_it_is_waited_for()
    {
        ExpectWarning("SvidNotYetValid");
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(10))));
        var source = Start();
        Assert.Contains("Identity: none received yet.", (await WaitForAsync("SvidNotYetValid", Patience)).Message, StringComparison.Ordinal);
        var waiting = source.WaitForFirstAsync(Patience);
        Assert.False(waiting.IsCompleted);
        Time.Advance(TimeSpan.FromMinutes(10.1));
        Assert.Equal("/ahead", (await waiting).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_start_that_does_not_wait_so_long_says_why_it_fails()
    {
        ExpectWarning("SvidNotYetValid");
        var (now, from) = (Time.GetUtcNow(), Time.GetUtcNow().AddMinutes(10));
        Agent.Send(Pki.Response(Ahead("/ahead", TimeSpan.FromMinutes(10))));
        var source = Start();
        await WaitForAsync("SvidNotYetValid", Patience);
        var waiting = source.RequireFirstAsync(TimeSpan.FromSeconds(30), Patience);
        Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(
            $"The SPIFFE Workload API at '{Agent.Address}' issued no identity to this workload within 30 s. Its SVID 'spiffe://td/ahead' is not valid before {from:u}, and the time here is {now:u}: " +
            "compare the clock of this machine with that of the issuer.",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => waiting)).Message);
    }

    [Fact]
    public async Task An_intermediate_whose_time_has_not_come_is_waited_for_too()
    {
        ExpectWarning("SvidNotYetValid");
        var source = await StartGoodAsync("/good");
        var from = Time.GetUtcNow().AddMinutes(10);
        Agent.Send(Pki.Response(Pki.Root.Intermediate(i => i with { NotBefore = from }).Leaf("/ahead")));
        await WaitForAsync("SvidNotYetValid", Patience);
        Assert.Equal("/good", source.Current!.DefaultSvid.Id.Path);
        Assert.Equal("/ahead", (await NextAsync(source, () => Time.Advance(TimeSpan.FromMinutes(10.1)))).DefaultSvid.Id.Path);
    }

    private TestSvid Ahead(string path, TimeSpan by) => Pki.Leaf(l => l with { Uris = [$"spiffe://td{path}"], NotBefore = Time.GetUtcNow() + by, NotAfter = Time.GetUtcNow().AddHours(2) });
}
