namespace AspNetSpiffe;

/// <summary>The names of the authentication scheme. They do not change.</summary>
public static class SpiffeForwardedAuthenticationDefaults
{
    /// <summary>The name of the scheme, and the authentication type of its identities: <c>SpiffeForwarded</c>.</summary>
    public const string AuthenticationScheme = "SpiffeForwarded";

    /// <summary>The default name of the header with an escaped PEM: <c>X-Client-Cert</c>, as in ASP.NET Core's certificate forwarding.</summary>
    public const string HeaderName = "X-Client-Cert";
}
