using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>A test with a harness of its own, for what happens before the first SVID and what cannot be undone.</summary>
public abstract class ConformanceTest(ITestOutputHelper output) : InteropTest(output)
{
    protected TestPki Pki { get; } = new("example.org");

    protected async Task<FakeAgent> StartAgentAsync() => Stopping(await FakeAgent.StartAsync());

    private protected async Task<Harness> StartHarnessAsync(string address, params string[] arguments) =>
        Stopping(await Harness.StartAsync(address, Patience, arguments));

    /// <summary>Checks that the harness shows an SVID, and so has become ready.</summary>
    private protected async Task AssertServesAsync(Harness harness, TestSvid svid)
    {
        await harness.WaitUntilReadyAsync(Patience);
        var meeting = await harness.CallAsync(Pki.Leaf("/peer"), Patience);
        Assert.Equal("spiffe://example.org/peer", meeting.Id);
        Assert.Equal(svid.Leaf.RawData, meeting.Presented[0].RawData);
    }
}
