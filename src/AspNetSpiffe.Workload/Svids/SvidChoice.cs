using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>Selects one of several SVIDs: by hint, by pattern, by both, or the first (Workload API §8).</summary>
internal sealed class SvidChoice(string? hint, SpiffeIdPattern? identity)
{
    /// <summary>Selects the SVID to use. The SVID in use is kept while it is issued, whatever other SVIDs match; without one in use, the first match is selected.</summary>
    public X509Svid? Choose(ImmutableArray<X509Svid> svids, SvidName? inUse) => Choose(svids, inUse, SvidName.Of);

    /// <inheritdoc cref="Choose(ImmutableArray{X509Svid}, SvidName?)"/>
    public JwtSvid? Choose(ImmutableArray<JwtSvid> svids, SvidName? inUse) => Choose(svids, inUse, SvidName.Of);

    /// <summary>Returns the names of the matching SVIDs. With more than one, the selection depends on their order.</summary>
    public IReadOnlyList<SvidName> Meant(IEnumerable<SvidName> names) => [.. names.Where(IsMeant)];

    public override string ToString() => (hint, identity) switch
    {
        (null, null) => "the first one",
        (_, null) => $"hint {SpiffeIdProblem.Quote(hint)}",
        (null, _) => $"identity '{identity}'",
        _ => $"hint {SpiffeIdProblem.Quote(hint)} and identity '{identity}'",
    };

    private T? Choose<T>(ImmutableArray<T> svids, SvidName? inUse, Func<T, SvidName> nameOf) where T : class
    {
        T[] meant = [.. svids.Where(svid => IsMeant(nameOf(svid)))];
        return meant.FirstOrDefault(svid => nameOf(svid) == inUse) ?? meant.FirstOrDefault(svid => nameOf(svid).Id == inUse?.Id) ?? meant.FirstOrDefault();
    }

    private bool IsMeant(SvidName name) => (hint is null || name.Hint == hint) && (identity is null || identity.Matches(name.Id));
}

/// <summary>What distinguishes the SVIDs of one workload.</summary>
internal sealed record SvidName(SpiffeId Id, string Hint)
{
    private const int MostNames = 10;

    public static SvidName Of(X509Svid svid) => new(svid.Id, svid.Hint);

    public static SvidName Of(JwtSvid svid) => new(svid.Id, svid.Hint);

    /// <summary>Lists some of the names for a log: the Workload API may send many, and long hints.</summary>
    public static string List(IReadOnlyCollection<SvidName> names)
    {
        var list = string.Join(", ", names.Take(MostNames));
        return names.Count > MostNames ? $"{list} and {names.Count - MostNames} more" : list;
    }

    public override string ToString() => $"'{Id}' with hint {SpiffeIdProblem.Quote(Hint)}";
}
