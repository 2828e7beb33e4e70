using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The options of the scheme <c>SpiffeForwarded</c>: the trusted proxies, and the callers that they may forward. Not thread-safe: set them before start. Errors fail the start, and later changes of a configuration are not applied.</summary>
/// <remarks>
/// A header alone proves nothing: certificates are public, and a trusted proxy can impersonate any client. A trusted proxy must have verified that its client holds
/// the key, and must overwrite the header that its client may have sent.
/// </remarks>
public sealed class SpiffeForwardedAuthenticationOptions : AuthenticationSchemeOptions
{
    private readonly List<string> _trustedProxies = [];
    private SpiffeIdPattern? _pattern;

    /// <summary>Gets the proxies that may forward certificates. At least one is required; the headers of other peers are removed from the request.</summary>
    /// <value>
    /// <see cref="SpiffeIdPattern"/>s of the peer of the connection, such as <c>spiffe://example.org/ns/edge/envoy</c>; <c>loopback</c> for every process of this machine or pod
    /// that connects over 127.0.0.1 or ::1; <c>unix</c> for every process that can open the Unix domain socket that this server listens on.
    /// </value>
    public IList<string> TrustedProxies => _trustedProxies;

    /// <summary>Gets or sets the format of the forwarding headers.</summary>
    /// <value>Default: <see cref="ForwardedCertificateFormat.ClientCert"/>, the standard (RFC 9440).</value>
    public ForwardedCertificateFormat Format { get; set; }

    /// <summary>Gets or sets the name of the header if <see cref="Format"/> is <see cref="ForwardedCertificateFormat.EscapedPem"/>; the headers of other formats have fixed names.</summary>
    /// <value>Default: <see langword="null"/>, which means <see cref="SpiffeForwardedAuthenticationDefaults.HeaderName"/>.</value>
    public string? HeaderName { get; set; }

    /// <summary>Gets or sets the <see cref="SpiffeIdPattern"/>s of the callers that may be forwarded; all others are rejected.</summary>
    /// <value>Default: <see langword="null"/>, which means every member of our own trust domain. An empty list allows no peer.</value>
    public IReadOnlyList<string>? AllowedCallers { get; set; }

    /// <summary>
    /// Gets or sets whether a forwarded certificate replaces that of the connection for the scheme <c>Spiffe</c>, and so for <c>RequireSpiffe</c>, <c>RequireTrustDomain</c>,
    /// <c>RequirePathPrefix</c> and <c>GetSpiffeId()</c>. For a request that has one, valid or not, the certificate of the proxy is then not used.
    /// </summary>
    /// <value>Default: <see langword="false"/>.</value>
    public bool CountsAsPeer { get; set; }

    /// <summary>Gets or sets the callbacks of the application.</summary>
    public new SpiffeAuthenticationEvents? Events
    {
        get => (SpiffeAuthenticationEvents?)base.Events;
        set => base.Events = value;
    }

    internal SpiffeIdPattern? AllowedPattern => _pattern ??= PatternList.Compile(AllowedCallers);
}
