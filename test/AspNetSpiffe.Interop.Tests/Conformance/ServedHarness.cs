using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe.InteropTests;

/// <summary>A harness that is ready, with an agent that keeps its stream open. The tests of a class share it, one after the other.</summary>
public sealed class ServedHarness : IAsyncLifetime
{
    private int _served;

    public TestPki Pki { get; } = new("example.org");

    /// <summary>Another trust domain, whose bundle the harness has from the beginning.</summary>
    public TestPki Federated { get; } = new("fed.example.org");

    internal FakeAgent Agent { get; private set; } = null!;

    internal Harness Harness { get; private set; } = null!;

    // One for each wait: a test that waits in vain must not use up that of the next.
    internal static CancellationToken Patience => new CancellationTokenSource(HangLimit.OfATest).Token;

    public async ValueTask InitializeAsync()
    {
        Agent = await FakeAgent.StartAsync();
        Harness = await Harness.StartAsync(Agent.Address, Patience);
        await ServeAsync(svid => Pki.Response(svid, Federated));
        await Harness.WaitUntilReadyAsync(Patience);
    }

    /// <summary>Makes the agent send a message, and waits until the harness has taken it up.</summary>
    internal async Task<TestSvid> ServeAsync(Func<TestSvid, X509SVIDResponse> message)
    {
        // An ID that was never seen before tells that this very message has arrived.
        var svid = Pki.Leaf($"/harness-{++_served}");
        Agent.Send(message(svid));
        await Harness.WaitForIdentityAsync(svid.Id, Patience);
        return svid;
    }

    /// <summary>Lets the harness meet a peer.</summary>
    internal Task<Meeting> MeetAsync(PeerRole role, TestSvid peer) =>
        role == PeerRole.Client ? Harness.CallAsync(peer, Patience) : Harness.BeCalledAsync(peer, Patience);

    internal async Task AssertAcceptedAsync(PeerRole role, TestSvid peer) => Assert.Equal(peer.Id, (await MeetAsync(role, peer)).Id);

    /// <summary>Checks that a peer is refused, and for this reason; after a good one, for a harness that refuses everybody is no better.</summary>
    internal async Task AssertRefusedAsync(PeerRole role, RejectionReason reason, TestSvid peer)
    {
        await AssertAcceptedAsync(role, Pki.Leaf("/control"));
        await AssertRefusalAsync(reason, await MeetAsync(role, peer));
    }

    internal async Task AssertRefusalAsync(RejectionReason reason, Meeting meeting)
    {
        Assert.Null(meeting.Id);
        Assert.Contains($": {reason}. It presented ", await Harness.WaitForLogAsync($", from {meeting.Peer}. ", Patience), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await Harness.DisposeAsync();
        await Agent.DisposeAsync();
    }
}
