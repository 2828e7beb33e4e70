using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The options of the scheme <c>Spiffe</c>. Peers are verified in the TLS handshake, not here. Not thread-safe: set the values before start.</summary>
public sealed class SpiffeAuthenticationOptions : AuthenticationSchemeOptions
{
    /// <summary>Gets or sets the callbacks of the application.</summary>
    public new SpiffeAuthenticationEvents? Events
    {
        get => (SpiffeAuthenticationEvents?)base.Events;
        set => base.Events = value;
    }
}
