using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>Which of several SVIDs we use: by hint, by pattern, by both, or the first (Workload API §8).</summary>
internal sealed class SvidChoice(string? hint, SpiffeIdPattern? identity)
{
    public X509Svid? Choose(ImmutableArray<X509Svid> svids) => svids.FirstOrDefault(svid => IsMeant(svid.Hint, svid.Id));

    public JwtSvid? Choose(ImmutableArray<JwtSvid> svids) => svids.FirstOrDefault(svid => IsMeant(svid.Hint, svid.Id));

    public override string ToString() => (hint, identity) switch
    {
        (null, null) => "the first one",
        (_, null) => $"hint '{hint}'",
        (null, _) => $"identity '{identity}'",
        _ => $"hint '{hint}' and identity '{identity}'",
    };

    private bool IsMeant(string svidHint, SpiffeId id) => (hint is null || svidHint == hint) && (identity is null || identity.Matches(id));
}
