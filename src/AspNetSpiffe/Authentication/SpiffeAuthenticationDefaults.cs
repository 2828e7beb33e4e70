namespace AspNetSpiffe;

/// <summary>The names of the authentication scheme. They do not change.</summary>
public static class SpiffeAuthenticationDefaults
{
    /// <summary>The name of the scheme, and the authentication type of its identities: <c>Spiffe</c>.</summary>
    public const string AuthenticationScheme = "Spiffe";
}
