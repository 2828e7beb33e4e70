using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The options of the scheme <c>Spiffe</c>. Who is verified is not decided here but in the TLS handshake.</summary>
public sealed class SpiffeAuthenticationOptions : AuthenticationSchemeOptions;
