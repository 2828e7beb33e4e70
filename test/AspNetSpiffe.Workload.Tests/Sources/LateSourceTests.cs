using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>What a source finds that starts when others of its endpoint are there already.</summary>
public sealed class LateSourceTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact]
    public async Task A_source_that_comes_late_has_the_last_message_at_once()
    {
        var early = await StartGoodAsync();
        var late = await Start().WaitForFirstAsync(Patience);
        Assert.Same(early.Current!.DefaultSvid, late.DefaultSvid);
        Assert.Single(Agent.Calls);
    }

    [Fact]
    public async Task A_source_that_starts_while_the_agent_is_gone_has_the_last_good_SVID()
    {
        ExpectWarning("AgentUnavailable");
        await StartGoodAsync();
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        Assert.Equal("/workload", (await Start().WaitForFirstAsync(Patience)).DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task A_source_that_starts_while_the_agent_is_gone_does_not_begin_with_an_SVID_that_has_expired()
    {
        ExpectWarning("AgentUnavailable");
        ExpectWarning("SvidNotRenewed");
        ExpectWarning("SvidExpired");
        Agent.Send(Pki.Response(Pki.Leaf(l => l with { NotAfter = Time.GetUtcNow().AddMinutes(5) })));
        await Start().WaitForFirstAsync(Patience);
        await Agent.StopAsync();
        await WaitForAsync("AgentUnavailable", Patience);
        await Time.WaitForTimerAsync(Patience, LongestPause);
        Time.Advance(TimeSpan.FromMinutes(6));
        await WaitForAsync("AgentUnavailable", Patience, times: 2);

        var (late, used) = StartWatched();
        var waiting = late.RequireFirstAsync(TimeSpan.FromSeconds(7), Patience);
        Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Contains("The socket does not exist", (await Assert.ThrowsAsync<InvalidOperationException>(() => waiting)).Message, StringComparison.Ordinal);

        await Time.WaitForTimerAsync(Patience, LongestPause);
        await Agent.RestartAsync();
        Agent.Send(Pki.Response(Pki.Leaf("/after")));
        await PassPauseAsync();
        Assert.Equal("/after", await used.ReadAsync(Patience));
    }

    [Fact, Trait("Spec", "WA-11")]
    public async Task A_source_that_starts_while_the_identity_is_denied_does_not_begin_with_it()
    {
        ExpectWarning("AgentUnavailable");
        var early = await StartGoodAsync(change: options => options.IdentityRevocation = IdentityRevocation.KeepUntilExpiry);
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("AgentUnavailable", Patience);

        var (_, used) = StartWatched();
        Agent.Send(Pki.Response(Pki.Leaf("/after")));
        Assert.Equal("/workload", early.Current!.DefaultSvid.Id.Path);
        await PassPauseAsync();
        Assert.Equal("/after", await used.ReadAsync(Patience));
    }

    [Fact, Trait("Spec", "EP-26")]
    public async Task A_source_that_starts_after_a_stream_was_given_up_tries_by_itself()
    {
        ExpectWarning("WatchGivenUp");
        Agent.CloseWith(StatusCode.Unimplemented, "no");
        var first = Start();
        await Assert.ThrowsAsync<WorkloadApiException>(() => first.WaitForFirstAsync(Patience));
        await WaitForAsync("WatchGivenUp", Patience);

        Agent.Send(Pki.Response(Pki.Leaf()));
        var second = Start();
        await second.WaitForFirstAsync(Patience);
        await first.DisposeAsync();
        await NextAsync(second, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        Assert.Equal(2, Agent.Calls.Count);
    }

    /// <summary>Starts a source, and notes each SVID that it takes into use.</summary>
    private (X509Source Source, ChannelReader<string> Used) StartWatched()
    {
        var (source, used) = (Make(), Channel.CreateUnbounded<string>());
        ChangeToken.OnChange(source.GetChangeToken, () => used.Writer.TryWrite(source.Current!.DefaultSvid.Id.Path));
        source.Start();
        return (source, used.Reader);
    }
}
