namespace AspNetSpiffe.DocsTests;

/// <summary>docs/how-to/testing.md and docs/how-to/rotation-drills.md</summary>
public sealed class RotationTests
{
    [Fact]
    public async Task A_test_sees_a_renewal()
    {
        // <rotation>
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions { SvidLifetime = TimeSpan.FromMinutes(5) }.AddWorkload("orders", "/orders"));
        await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf("orders") });

        var before = source.Current!.DefaultSvid;
        var changed = new TaskCompletionSource();
        using var registration = source.GetChangeToken().RegisterChangeCallback(_ => changed.TrySetResult(), null);
        agent.Rotate("orders");
        await changed.Task;
        Assert.NotEqual(before.Leaf.SerialNumber, source.Current!.DefaultSvid.Leaf.SerialNumber);
        // </rotation>
    }

    [Fact]
    public async Task A_test_sees_that_the_identity_is_withdrawn()
    {
        // <withdrawal>
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions().AddWorkload("orders", "/orders"));
        await using var source = await X509Source.StartAsync(new SpiffeOptions { EndpointSocket = agent.AddressOf("orders"), WithdrawalDelay = TimeSpan.Zero });

        var withdrawn = new TaskCompletionSource();
        using var registration = source.GetChangeToken().RegisterChangeCallback(_ => withdrawn.TrySetResult(), null);
        agent.Unregister("orders");
        await withdrawn.Task;
        Assert.Null(source.Current);
        // </withdrawal>
    }
}
