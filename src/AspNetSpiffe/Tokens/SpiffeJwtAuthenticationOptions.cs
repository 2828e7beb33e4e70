using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The options of the scheme <c>SpiffeJwt</c>: which tokens are accepted. Not thread-safe: set them before start. Errors fail the start, and later changes of a configuration are not applied.</summary>
/// <remarks>
/// Anyone who has a token can use it, so tokens must be sent over TLS only. The scheme does not require https, because TLS is often terminated
/// before this process: make sure that the requests cannot be read between the TLS endpoint and this process.
/// </remarks>
public sealed class SpiffeJwtAuthenticationOptions : AuthenticationSchemeOptions
{
    private readonly List<string> _audiences = [];
    private SpiffeIdPattern? _pattern;

    /// <summary>Gets the audiences of this service: a token must have at least one of these, exactly as written. At least one is required.</summary>
    public IList<string> Audiences => _audiences;

    /// <summary>Gets or sets the <see cref="SpiffeIdPattern"/>s of the owners whose tokens are accepted; all others are rejected.</summary>
    /// <value>Default: <see langword="null"/>, which means every member of our own trust domain. An empty list allows no peer.</value>
    /// <remarks>Our own trust domain is that of our SVID. A service without an SVID, which verifies tokens with bundles only, must list its callers.</remarks>
    public IReadOnlyList<string>? AllowedCallers { get; set; }

    /// <summary>Gets or sets how the signatures are verified.</summary>
    /// <value>Default: <see cref="JwtSvidValidation.Local"/>.</value>
    public JwtSvidValidation Validation { get; set; }

    /// <summary>Gets or sets the tolerated clock skew between the issuer and this service.</summary>
    /// <value>Default: 30 seconds. From 0 to 60 seconds.</value>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the callbacks of the application.</summary>
    public new SpiffeAuthenticationEvents? Events
    {
        get => (SpiffeAuthenticationEvents?)base.Events;
        set => base.Events = value;
    }

    internal IReadOnlyCollection<string> AudienceList => _audiences;

    /// <summary>Gets the pattern; <see langword="null"/> means every member of our own trust domain.</summary>
    internal SpiffeIdPattern? AllowedPattern => _pattern ??= PatternList.Compile(AllowedCallers);
}
