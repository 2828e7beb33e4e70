namespace AspNetSpiffe;

/// <summary>Options of <c>MapSpiffeBundle</c>. Not thread-safe: set the values in its callback.</summary>
public sealed class SpiffeBundleEndpointOptions
{
    /// <summary>Gets or sets how often federated trust domains should refresh the bundle, in whole seconds from <see cref="SpiffeBundle.MinRefreshHint"/> to <see cref="SpiffeBundle.MaxRefreshHint"/>.</summary>
    /// <value>Default: 5 minutes, which is also what consumers assume without a hint (SPIFFE Trust Domain and Bundle §6.1).</value>
    /// <remarks>A new authority should be published three to five refresh hints before it signs (§4.1.2): if your CA prepares authorities for a shorter time, set a shorter hint.</remarks>
    public TimeSpan RefreshHint { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets whether the keys that sign JWT-SVIDs are published too.</summary>
    /// <value>Default: <see langword="true"/>. If the Workload API does not support JWT-SVIDs, no bundle is published until this is <see langword="false"/>: a bundle without JWT keys would claim that there are none.</value>
    public bool JwtKeys { get; set; } = true;
}
