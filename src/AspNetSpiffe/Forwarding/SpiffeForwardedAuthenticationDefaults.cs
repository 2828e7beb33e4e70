namespace AspNetSpiffe;

/// <summary>The names of the authentication scheme. They do not change.</summary>
public static class SpiffeForwardedAuthenticationDefaults
{
    /// <summary>The name of the scheme, and the authentication type of its identities: <c>SpiffeForwarded</c>.</summary>
    public const string AuthenticationScheme = "SpiffeForwarded";

    /// <summary>The header in which a proxy sends an escaped PEM, unless the options name another: <c>X-Client-Cert</c>, as ASP.NET Core's certificate forwarding has it.</summary>
    public const string HeaderName = "X-Client-Cert";
}
