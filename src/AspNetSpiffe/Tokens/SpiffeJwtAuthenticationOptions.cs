using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The options of the scheme <c>SpiffeJwt</c>: which tokens make a caller. Set them before the start; mistakes fail it, and later changes of a configuration change nothing.</summary>
/// <remarks>
/// Whoever has a token is taken for its owner, so tokens must travel over TLS only. The scheme does not ask for https, because TLS often ends
/// before this process: see to it that nothing between there and here can read the requests.
/// </remarks>
public sealed class SpiffeJwtAuthenticationOptions : AuthenticationSchemeOptions
{
    private readonly List<string> _audiences = [];
    private SpiffeIdPattern? _pattern;

    /// <summary>Gets who we are to our callers: a token must be addressed to at least one of these, exactly as written. There must be one.</summary>
    public IList<string> Audiences => _audiences;

    /// <summary>Gets or sets the <see cref="SpiffeIdPattern"/>s of the owners whose tokens count; all others are refused.</summary>
    /// <value>Default: <see langword="null"/>, which means every member of our own trust domain. An empty list means nobody.</value>
    /// <remarks>Only our own SVID says which trust domain is ours. A service that has none, and verifies tokens with bundles alone, must name its callers.</remarks>
    public IReadOnlyList<string>? AllowedCallers { get; set; }

    /// <summary>Gets or sets who verifies the signatures.</summary>
    /// <value>Default: <see cref="JwtSvidValidation.Local"/>.</value>
    public JwtSvidValidation Validation { get; set; }

    /// <summary>Gets or sets by how much the clocks of the issuer and of this service may differ.</summary>
    /// <value>Default: 30 seconds. From 0 to 60 seconds.</value>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets what the application adds to authentication.</summary>
    public new SpiffeAuthenticationEvents? Events
    {
        get => (SpiffeAuthenticationEvents?)base.Events;
        set => base.Events = value;
    }

    internal IReadOnlyCollection<string> AudienceList => _audiences;

    /// <summary>Gets the pattern; <see langword="null"/> means every member of our own trust domain.</summary>
    internal SpiffeIdPattern? AllowedPattern => _pattern ??= PatternList.Compile(AllowedCallers);
}
