using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>Which of several SVIDs we use: by hint, by pattern, by both, or the first (Workload API §8).</summary>
internal sealed class SvidChoice(string? hint, SpiffeIdPattern? identity)
{
    public X509Svid? Choose(ImmutableArray<X509Svid> svids) => svids.FirstOrDefault(IsMeant);

    public override string ToString() => (hint, identity) switch
    {
        (null, null) => "the first one",
        (_, null) => $"hint '{hint}'",
        (null, _) => $"identity '{identity}'",
        _ => $"hint '{hint}' and identity '{identity}'",
    };

    private bool IsMeant(X509Svid svid) => (hint is null || svid.Hint == hint) && (identity is null || identity.Matches(svid.Id));
}
