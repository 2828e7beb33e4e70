namespace AspNetSpiffe.Tests.Vectors;

/// <summary>Every message of the list, between two good ones: what we show and whom we trust afterwards, in every position.</summary>
[Trait("Spec", "XL-01"), Trait("Spec", "XL-02"), Trait("Spec", "XL-03"), Trait("Spec", "XL-04"), Trait("Spec", "XL-05"), Trait("Spec", "XL-06")]
[Trait("Spec", "WA-04"), Trait("Spec", "WA-07"), Trait("Spec", "WA-08"), Trait("Spec", "WA-09"), Trait("Spec", "WA-13"), Trait("Spec", "WA-14")]
public sealed class MessageVectorTests : IAsyncLifetime
{
    private readonly VectorMesh _mesh = new();

    public static TheoryData<string> Names => [.. MessageVectors.All.Select(vector => vector.Name)];

    public ValueTask InitializeAsync() => _mesh.InitializeAsync();

    public ValueTask DisposeAsync() => _mesh.DisposeAsync();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_message_is_taken_or_dropped_and_the_next_good_one_counts(string name)
    {
        var vector = MessageVectors.All.Single(v => v.Name == name);
        await AssertAsync(MessageVector.Before, []);

        var earlier = _mesh.Logs.All.Count(r => r.Event.Name == vector.Event);
        _mesh.Agent.Send(vector.Message());
        await _mesh.Logs.WaitForAsync(vector.Event, _mesh.Timeout, earlier + 1);
        await AssertAsync(vector.Shown, vector.Peers);

        // By its name: what the vector itself renewed may be logged only now.
        _mesh.Agent.Send(World.Message(World.Home.Leaf("/next")));
        await _mesh.Logs.WaitForAsync(r => r.Event.Name == "SvidRenewed" && r.Message.Contains("/next", StringComparison.Ordinal), _mesh.Timeout);
        await AssertAsync("spiffe://example.org/next", []);
    }

    private async Task AssertAsync(string shown, (Func<VectorPeer> Peer, RejectionReason Reason)[] peers)
    {
        foreach (var position in Enum.GetValues<Position>())
        {
            Assert.Equal(RejectionReason.None, await _mesh.TryAsync(World.Home.Leaf(), position));
            Assert.Equal(shown, _mesh.Shown);
            foreach (var (peer, reason) in peers) Assert.Equal(reason, await _mesh.TryAsync(peer(), position));
        }
    }
}
