namespace AspNetSpiffe.Tests.Vectors;

/// <summary>Every peer of the list in every position, each refusal by its reason, each beside a peer that differs in the one thing and is accepted.</summary>
[Trait("Spec", "XV-b"), Trait("Spec", "XV-c"), Trait("Spec", "XV-d"), Trait("Spec", "XV-e"), Trait("Spec", "XV-f"), Trait("Spec", "XV-g"), Trait("Spec", "XV-h")]
[Trait("Spec", "XV-i"), Trait("Spec", "XV-j"), Trait("Spec", "XV-k"), Trait("Spec", "XV-l"), Trait("Spec", "XV-n"), Trait("Spec", "XV-r"), Trait("Spec", "WA-13")]
public sealed class PeerVectorTests(VectorMesh mesh) : IClassFixture<VectorMesh>
{
    public static TheoryData<string, Position> Cases
    {
        get
        {
            var cases = new TheoryData<string, Position>();
            foreach (var vector in PeerVectors.All)
                foreach (var position in Enum.GetValues<Position>())
                    cases.Add(vector.Name, position);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_peer_is_accepted_or_refused_for_the_right_reason(string vector, Position position)
    {
        var (_, peer, asClient, asServer, control) = PeerVectors.All.Single(v => v.Name == vector);
        if (control is not null) Assert.Equal(RejectionReason.None, await mesh.TryAsync(control(), position));
        Assert.Equal(position == Position.Server ? asServer : asClient, await mesh.TryAsync(peer(), position));
    }
}
