namespace AspNetSpiffe;

/// <summary>Who a server under test is.</summary>
/// <param name="TrustDomain">Its trust domain, where nobody has said who it is.</param>
/// <param name="Id">Who the test says that it is.</param>
internal sealed record TestIdentity(TrustDomain TrustDomain, SpiffeId? Id)
{
    /// <summary>Decides: the test says it, or the application asks for one by its name.</summary>
    public SpiffeId For(SpiffeOptions options) => Id ?? (SpiffeId.TryParse(options.Identity, out var asked) ? asked : TrustDomain.Id.WithPath("/service"));
}
