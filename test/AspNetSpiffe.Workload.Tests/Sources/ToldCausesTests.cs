using AspNetSpiffe.TestKit;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>Each trouble with an agent is one event, however often it comes and whatever comes between.</summary>
public sealed class ToldCausesTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact, Trait("Trial", "A-08")]
    public async Task Bad_messages_that_take_turns_are_one_event_each()
    {
        ExpectWarning("UpdateRefused");
        var source = await StartGoodAsync();
        for (var i = 0; i < 20; i++)
        {
            Agent.Send(new Wire.X509SVIDResponse());
            Agent.Send(new Wire.X509SVIDResponse { Svids = { new Wire.X509SVID() } });
        }

        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/next"))));
        await WaitForAsync("UpdateRefused", Patience, times: 2);
        Assert.Equal(2, Logged("UpdateRefused"));
    }

    [Fact, Trait("Trial", "A-08")]
    public async Task Good_messages_between_them_do_not_make_them_news()
    {
        ExpectWarning("UpdateRefused");
        var source = await StartGoodAsync();
        for (var i = 0; i < 10; i++)
        {
            Agent.Send(new Wire.X509SVIDResponse());
            await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf($"/{i}"))));
        }

        await WaitForAsync("UpdateRefused", Patience);
        Assert.Equal(1, Logged("UpdateRefused"));
    }

    [Fact, Trait("Trial", "A-08")]
    public async Task Remarks_that_take_turns_are_one_event_each()
    {
        ExpectWarning("UpdateRemark");
        var source = await StartGoodAsync();
        for (var i = 0; i < 20; i++) await NextAsync(source, () => Agent.Send(Remarked($"/{i}", i % 3)));
        await WaitForAsync("UpdateRemark", Patience, times: 2);
        Assert.Equal(2, Logged("UpdateRemark"));
    }

    [Fact, Trait("Trial", "A-08")]
    public async Task SVIDs_that_nobody_asked_for_are_one_event_each()
    {
        ExpectWarning("UpdateRefused");
        var source = await StartGoodAsync("/mine", options => options.Identity = "spiffe://td/mine");
        for (var i = 0; i < 20; i++) Agent.Send(Pki.Response(Pki.Leaf($"/{i % 2}")));
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf("/mine"))));
        await WaitForAsync("UpdateRefused", Patience, times: 2);
        Assert.Equal(2, Logged("UpdateRefused"));
    }

    [Fact, Trait("Trial", "A-08")]
    public void Causes_whose_words_change_each_time_are_told_fifty_times_and_then_every_ten_minutes()
    {
        var causes = new ToldCauses(Time);
        Assert.Equal(50, Enumerable.Range(0, 10_000).Count(i => causes.IsNews($"{i}")));
        Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(1, Enumerable.Range(10_000, 10_000).Count(i => causes.IsNews($"{i}")));
        Assert.False(causes.IsNews("0"));
    }

    [Theory, Trait("Trial", "A-09")]
    [InlineData("Ed25519 only")]
    [InlineData("a bundle of leaves only")]
    public async Task A_message_without_anything_to_use_is_one_line(string what)
    {
        ExpectWarning("UpdateRefused");
        var bad = Pki.Response(Pki.Leaf(l => what == "Ed25519 only" ? l with { Key = KeyKind.Ed25519 } : l));
        if (what != "Ed25519 only") bad.Svids[0].Bundle = ByteString.CopyFrom(Pki.SelfSignedLeaf().RawData);
        Agent.Send(bad);
        var source = Start();
        await WaitForAsync("UpdateRefused", Patience);
        await NextAsync(source, () => Agent.Send(Pki.Response(Pki.Leaf())));
        await WaitForAsync("SvidRenewed", Patience);
        Assert.Single(Logs.All, record => record.Level >= LogLevel.Warning);
    }

    private Wire.X509SVIDResponse Remarked(string path, int remark)
    {
        var response = Pki.Response(Pki.Leaf(path));
        if (remark > 0) response.FederatedBundles.Add($"ODD-{remark}", ByteString.Empty);
        return response;
    }
}
