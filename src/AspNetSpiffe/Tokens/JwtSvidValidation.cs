namespace AspNetSpiffe;

/// <summary>Who verifies the signature of a token that came with a request.</summary>
public enum JwtSvidValidation
{
    /// <summary>We do, against the JWT bundles that the Workload API keeps current: no call for a request.</summary>
    Local,

    /// <summary>The Workload API does, for each request (Workload API §6.2.3). Without its answer the token is refused.</summary>
    Agent,
}
