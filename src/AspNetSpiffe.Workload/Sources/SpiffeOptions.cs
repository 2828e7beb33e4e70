namespace AspNetSpiffe;

/// <summary>The origin of this workload's identity, and which identity to use. Bound from the configuration section <c>Spiffe</c>. Not thread-safe: set the values before start.</summary>
public sealed class SpiffeOptions
{
    /// <summary>The name of the configuration section: <c>Spiffe</c>.</summary>
    public const string SectionName = "Spiffe";

    /// <summary>Gets or sets the address of the Workload API, for example <c>unix:///run/spire/agent.sock</c> or <c>tcp://127.0.0.1:8081</c>.</summary>
    /// <value>Default: the environment variable <c>SPIFFE_ENDPOINT_SOCKET</c> (SPIFFE Workload Endpoint §4), if neither <see cref="Files"/> nor a <see cref="Provider"/> is set.</value>
    public string? EndpointSocket { get; set; }

    /// <summary>Gets or sets the files with this workload's identity, if there is no Workload API: those of cert-manager, spiffe-helper or a Pod Certificate.</summary>
    public SpiffeFileOptions Files { get; set; } = new();

    /// <summary>Gets or sets code that provides our identity, if it comes neither from a Workload API nor from files.</summary>
    /// <value>Default: none. Not in the configuration.</value>
    /// <remarks>
    /// Called once, and again after an exception, which is logged, with the delays of <see cref="Retry"/>. Each context that it yields is validated like an agent's message, and replaces the previous one or is rejected; <see langword="null"/>
    /// withdraws our identity; when it ends, the last one is kept. It provides no tokens (JWT-SVIDs). If it needs services, set it with <c>AddOptions&lt;SpiffeOptions&gt;().Configure&lt;MyProvider&gt;(…)</c>.
    /// </remarks>
    /// <example><code>
    /// builder.Services.AddSpiffe(options => options.Provider = vault.WatchAsync);
    /// </code></example>
    public Func<CancellationToken, IAsyncEnumerable<X509Context?>>? Provider { get; set; }

    /// <summary>Gets or sets the hint of the SVID to use when the Workload API issues several (Workload API §8).</summary>
    /// <value>Default: none; the first SVID is used.</value>
    /// <remarks>When no SVID has the hint, the update is rejected and the last valid one is kept; at start the service waits for it.</remarks>
    public string? Hint { get; set; }

    /// <summary>Gets or sets a <see cref="SpiffeIdPattern"/> that the SVID to use must match when the Workload API issues several.</summary>
    /// <value>Default: none; the first SVID is used.</value>
    /// <remarks>When no SVID matches, the update is rejected and the last valid one is kept; at start the service waits for it.</remarks>
    public string? Identity { get; set; }

    /// <summary>Gets or sets how long the host waits for its first SVID before the start fails.</summary>
    /// <value>Default: 30 seconds. From a millisecond to a day; <see cref="Timeout.InfiniteTimeSpan"/> waits without limit.</value>
    /// <remarks>No endpoint listens before the first SVID: a service without an identity is not reachable.</remarks>
    public TimeSpan StartupTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets what happens when the Workload API withdraws our identity: it returns PermissionDenied, or no longer includes the identity (Workload API §5.2.1).</summary>
    /// <value>Default: <see cref="IdentityRevocation.Withdraw"/>.</value>
    /// <remarks>An unavailable Workload API withdraws nothing: the last SVID is used until it expires.</remarks>
    public IdentityRevocation IdentityRevocation { get; set; }

    /// <summary>Gets or sets how long an identity must be missing before it is withdrawn.</summary>
    /// <value>Default: 3 seconds. From 0 to a day.</value>
    /// <remarks>Agents may omit an identity from a message for a moment while they re-issue it.</remarks>
    public TimeSpan WithdrawalDelay { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Gets the backoff for retries when there is no stream from the Workload API.</summary>
    public SpiffeRetryOptions Retry { get; } = new();

    /// <summary>Gets the limits on the input of peers and the Workload API.</summary>
    public SpiffeLimits Limits { get; } = new();

    /// <summary>Gets the bundle endpoints of other trust domains, by the name of the trust domain (SPIFFE Federation §5).</summary>
    /// <value>Default: none; only the bundles of the Workload API are used.</value>
    /// <remarks>For a trust domain in this list, only the bundle of its endpoint is used; for our own trust domain, always the bundle that comes with our identity.</remarks>
    public IDictionary<string, SpiffeFederationOptions> Federation { get; } = new Dictionary<string, SpiffeFederationOptions>(StringComparer.Ordinal);

    /// <summary>Gets whether our identity does not come from a Workload API.</summary>
    internal bool HasOtherOrigin => Files.IsUsed || Provider is not null;

    /// <summary>Gets the certificate revocation lists against which peers are checked; none by default.</summary>
    public SpiffeRevocationOptions Revocation { get; } = new();

    // Shortened in tests.
    internal KeepAlive KeepAlive { get; set; } = KeepAlive.Default;

    /// <summary>Validates the options, for programs without a host; with a host, <see cref="SpiffeOptionsValidator"/> does.</summary>
    /// <exception cref="ArgumentException">A value is out of range.</exception>
    internal void RequireValid(string parameter)
    {
        foreach (var (key, mistake) in Mistakes()) throw new ArgumentException($"{key.Replace(':', '.')} {mistake}", parameter);
    }

    /// <summary>Returns each validation error with its key in the configuration section.</summary>
    internal IEnumerable<(string Key, string Mistake)> Mistakes()
    {
        if (EndpointSocket is not null && HasOtherOrigin)
            yield return (nameof(EndpointSocket), $"is set, and so {(Files.IsUsed ? $"are {nameof(Files)}" : $"is the {nameof(Provider)}")}: keep one of them, because an identity has one source.");
        if (Files.IsUsed && Provider is not null) yield return (nameof(Files), $"are set, and so is the {nameof(Provider)}: keep one of them, because an identity has one source.");
        foreach (var (property, mistake) in Files.Mistakes()) yield return ($"{nameof(Files)}:{property}", mistake);
        if (TimeRange.OfStarts.MistakeIn(StartupTimeout) is { } startupTimeout) yield return (nameof(StartupTimeout), startupTimeout);
        if (TimeRange.OfDelays.MistakeIn(WithdrawalDelay) is { } withdrawalDelay) yield return (nameof(WithdrawalDelay), withdrawalDelay);
        if (!Enum.IsDefined(IdentityRevocation)) yield return (nameof(IdentityRevocation), $"must be one of {string.Join(", ", Enum.GetNames<IdentityRevocation>())}, but is {IdentityRevocation}.");
        foreach (var (property, mistake) in RetryTimes.MistakesIn(Retry)) yield return ($"{nameof(Retry)}:{property}", mistake);
        foreach (var (property, mistake) in Revocation.Mistakes()) yield return ($"{nameof(Revocation)}:{property}", mistake);
        foreach (var (property, mistake) in Limits.Mistakes()) yield return ($"{nameof(Limits)}:{property}", mistake);
        foreach (var mistake in BundleEndpoint.ReadAll(Federation, Limits).Mistakes) yield return mistake;
    }
}
