namespace AspNetSpiffe;

/// <summary>How the tokens of requests are verified.</summary>
public enum JwtSvidValidation
{
    /// <summary>Locally, with the JWT bundles that the Workload API keeps current: no call per request.</summary>
    Local,

    /// <summary>The Workload API, for each request (Workload API §6.2.3). Without its response the token is rejected.</summary>
    Agent,
}
