using Google.Protobuf;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>The limits of what a peer and an agent may send are options.</summary>
public sealed class LimitOptionsTests(ITestOutputHelper output) : SourceTest(output)
{
    [Theory, Trait("Spec", "WA-28")]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public async Task A_message_may_be_as_long_as_the_options_say_and_a_longer_one_leaves_the_last_good_one(int more, bool refused)
    {
        var source = await StartGoodAsync(change: options => options.Limits.MaxMessageBytes = 100_000);
        var large = Pki.Response(Pki.Leaf("/large"));

        // Federated bundles that fill it to the byte: tag and length of the entry, of its key and of its value take 25 bytes.
        large.FederatedBundles["spiffe://filler"] = ByteString.CopyFrom(new byte[100_000 + more - large.CalculateSize() - 25]);
        Assert.Equal(100_000 + more, large.CalculateSize());

        if (refused) ExpectWarning("AgentUnavailable");
        else ExpectWarning("UpdateRemark");
        Agent.Send(large);
        await WaitForAsync(refused ? "AgentUnavailable" : "SvidRenewed", Patience, times: refused ? 1 : 2);
        if (!refused) await WaitForAsync("UpdateRemark", Patience);
        Assert.Equal(refused ? "/workload" : "/large", source.Current!.DefaultSvid.Id.Path);
    }

    [Fact]
    public async Task Changing_the_options_of_a_source_that_runs_changes_nothing()
    {
        ExpectWarning("SeveralSvids");
        SpiffeOptions? used = null;
        var source = await StartGoodAsync(change: options => used = options);
        used!.Limits.MaxSvids = 1;
        var next = await NextAsync(source, () => Agent.Send(Pki.Response([Pki.Leaf("/a"), Pki.Leaf("/b")])));
        Assert.Equal(2, next.Svids.Length);
    }

    [Theory]
    [InlineData(nameof(SpiffeLimits.MaxChainLength), 1, 100)]
    [InlineData(nameof(SpiffeLimits.MaxLeafBytes), 1024, 1024 * 1024)]
    [InlineData(nameof(SpiffeLimits.MaxNames), 1, 10_000)]
    [InlineData(nameof(SpiffeLimits.MaxMessageBytes), 64 * 1024, 256 * 1024 * 1024)]
    [InlineData(nameof(SpiffeLimits.MaxSvids), 1, 10_000)]
    [InlineData(nameof(SpiffeLimits.MaxBundles), 1, 1_000_000)]
    public async Task A_limit_out_of_its_range_is_named_by_its_key(string property, int least, int most)
    {
        foreach (var value in new[] { least, most }) Assert.True(new SpiffeOptionsValidator().Validate(null, Options(property, value)).Succeeded);
        foreach (var value in new[] { least - 1, most + 1 })
        {
            var options = Options(property, value);
            Assert.Contains(
                $"Spiffe:Limits:{property}: must be from {least} to {most}, but is {value}.", new SpiffeOptionsValidator().Validate(null, options).FailureMessage, StringComparison.Ordinal);
            Assert.StartsWith($"Limits.{property} must be from", (await Assert.ThrowsAsync<ArgumentException>(() => X509Source.StartAsync(options, Loggers, Patience))).Message, StringComparison.Ordinal);
        }
    }

    private SpiffeOptions Options(string property, int value)
    {
        var options = new SpiffeOptions { EndpointSocket = Agent.Address };
        typeof(SpiffeLimits).GetProperty(property)!.SetValue(options.Limits, value);
        return options;
    }
}
