using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The cache key of a token: its audiences, in any order, and the requested identity.</summary>
internal sealed record JwtSvidKey(ImmutableArray<string> Audiences, SpiffeId? Id)
{
    public static JwtSvidKey Of(IEnumerable<string> audiences, SpiffeId? id) =>
        new([.. audiences.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], id);

    public bool Equals(JwtSvidKey? other) => other is not null && Id == other.Id && Audiences.AsSpan().SequenceEqual(other.Audiences.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Id);
        foreach (var audience in Audiences) hash.Add(audience, StringComparer.Ordinal);
        return hash.ToHashCode();
    }

    /// <summary>Returns the audiences, for an operator.</summary>
    public override string ToString() => string.Join(", ", Audiences.Select(static audience => SpiffeIdProblem.Quote(audience)));
}
