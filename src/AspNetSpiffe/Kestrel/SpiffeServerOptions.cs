namespace AspNetSpiffe;

/// <summary>The allowed peers of this server, and when their connections are closed. Bound from the configuration section <c>Spiffe</c>; a reload of the configuration is applied at once. Not thread-safe: set the values before start.</summary>
public sealed class SpiffeServerOptions
{
    /// <summary>Gets or sets the <see cref="SpiffeIdPattern"/>s of the peers that may connect; all others are rejected in the handshake.</summary>
    /// <value>Default: <see langword="null"/>, which means every member of our own trust domain. An empty list allows no peer.</value>
    /// <remarks>
    /// Policies control who may call what; this list controls who may connect at all. A list that is set in code replaces that of the configuration, and of several sources of
    /// configuration the last one that has any entry of the list provides all of it. While the service runs, removing the list has no effect.
    /// </remarks>
    /// <example><code>
    /// builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://example.org/gateway", "spiffe://partner/clients/*"]);
    /// </code></example>
    public IReadOnlyList<string>? AllowedPeers { get; set; }

    /// <summary>Gets or sets whether the start of a server with <c>UseSpiffeMtls()</c> fails without an https endpoint.</summary>
    /// <value>Default: true.</value>
    /// <remarks>If a server has both https and http endpoints, the http endpoints accept unauthenticated callers.</remarks>
    public bool RequireHttpsEndpoint { get; set; } = true;

    /// <summary>Gets or sets whether connections are closed when a certificate of their peer's chain expires: its SVID, an intermediate or the authority.</summary>
    /// <value>Default: true.</value>
    /// <remarks>
    /// A closing connection accepts no new requests (HTTP/2: GOAWAY); those that still arrive get 401. See <see cref="CloseBeforeExpiry"/> and <see cref="DrainTimeout"/>.
    /// </remarks>
    public bool CloseWhenExpired { get; set; } = true;

    /// <summary>Gets or sets how long before its peer's chain expires a connection is closed gracefully (HTTP/2: GOAWAY, HTTP/1.1: <c>Connection: close</c>).</summary>
    /// <value>Default: 30 seconds. From 0, which closes only after expiry, to 1 day.</value>
    /// <remarks>
    /// So an active caller opens its next connection, with its renewed SVID, before one of its requests is rejected; until the expiry itself all requests are served.
    /// Each connection is closed at a random time in the first half of this period, and never before two thirds of the validity left at its handshake have passed.
    /// Over HTTP/2, GOAWAY is sent with a response, which is held open for at least 0.2 seconds, so that requests already sent are served too.
    /// Without <see cref="CloseWhenExpired"/> it has no effect.
    /// </remarks>
    public TimeSpan CloseBeforeExpiry { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets whether connections are closed when the authority that verified their peer, or the whole bundle, is removed.</summary>
    /// <value>Default: true.</value>
    public bool CloseWhenUntrusted { get; set; } = true;

    /// <summary>Gets or sets whether connections are closed when <see cref="AllowedPeers"/> no longer allows their peer.</summary>
    /// <value>Default: true.</value>
    public bool CloseWhenDisallowed { get; set; } = true;

    /// <summary>Gets or sets how long in-flight requests on a closing connection have to finish before it is aborted.</summary>
    /// <value>Default: 30 seconds. From 0 to a day; <see cref="Timeout.InfiniteTimeSpan"/> waits without limit.</value>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets whether clients may resume TLS sessions, which saves both sides the signatures of a full handshake.</summary>
    /// <value>Default: false.</value>
    /// <remarks>
    /// The client of a resumed session is verified as in a full handshake: with the current bundles, the certificate revocation lists, <see cref="AllowedPeers"/> and the time. Only endpoints
    /// with <see cref="SpiffeServerMode.Mutual"/> resume sessions, and they use TLS 1.3 only; endpoints whose settings name other protocols, or where Kestrel itself requests the client's
    /// certificate, do not resume. A stolen session is equivalent to a stolen private key of the client, until our SVID changes. The start fails on a version of .NET that may resume a session without verification.
    /// </remarks>
    public bool AllowTlsResume { get; set; }

    internal bool EndsFor(RejectionReason reason) => reason switch
    {
        RejectionReason.Expired => CloseWhenExpired,
        RejectionReason.NotAllowed => CloseWhenDisallowed,
        _ => CloseWhenUntrusted,
    };

    internal bool SameAs(SpiffeServerOptions other) =>
        (CloseWhenExpired, CloseWhenUntrusted, CloseWhenDisallowed, CloseBeforeExpiry, DrainTimeout, AllowTlsResume)
        == (other.CloseWhenExpired, other.CloseWhenUntrusted, other.CloseWhenDisallowed, other.CloseBeforeExpiry, other.DrainTimeout, other.AllowTlsResume);
}
