namespace AspNetSpiffe;

/// <summary>The names of the authentication scheme for JWT-SVIDs. They do not change.</summary>
public static class SpiffeJwtAuthenticationDefaults
{
    /// <summary>The name of the scheme, and the authentication type of its identities: <c>SpiffeJwt</c>.</summary>
    public const string AuthenticationScheme = "SpiffeJwt";
}
