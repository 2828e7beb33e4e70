namespace AspNetSpiffe;

/// <summary>What to do with an identity that the Workload API withdraws (Workload API §5.2.1).</summary>
public enum IdentityRevocation
{
    /// <summary>Stop using it: no new connections, neither inbound nor outbound, until there is an identity again.</summary>
    Withdraw,

    /// <summary>Continue to use it until its SVID expires.</summary>
    KeepUntilExpiry,
}
