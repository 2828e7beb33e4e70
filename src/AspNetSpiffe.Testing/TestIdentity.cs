namespace AspNetSpiffe;

/// <summary>The identity of a server under test.</summary>
/// <param name="TrustDomain">Its trust domain, if no identity is set.</param>
/// <param name="Id">The identity that the test sets, if any.</param>
internal sealed record TestIdentity(TrustDomain TrustDomain, SpiffeId? Id)
{
    /// <summary>Determines the identity: set by the test, or else by the application's options.</summary>
    public SpiffeId For(SpiffeOptions options) => Id ?? (SpiffeId.TryParse(options.Identity, out var asked) ? asked : TrustDomain.Id.WithPath("/service"));
}
