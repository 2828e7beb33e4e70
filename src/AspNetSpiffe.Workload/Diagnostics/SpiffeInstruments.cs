namespace AspNetSpiffe;

/// <summary>All metrics of this package.</summary>
internal static class SpiffeInstruments
{
    public static readonly MetricDefinition Handshakes = MetricDefinition.Counter(
        "spiffe.peer.handshakes", "{handshake}", "Handshakes whose peer was verified and allowed.", Tag.PeerRole, Tag.PeerTrustDomain);

    public static readonly MetricDefinition Rejections = MetricDefinition.Counter(
        "spiffe.peer.rejections", "{handshake}", "Handshakes rejected because the peer had no acceptable X509-SVID.", Tag.PeerRole, Tag.PeerTrustDomain, Tag.ErrorType);

    // No tag for the trust domain: each value of a tag costs a time series per bucket.
    public static readonly MetricDefinition Verification = MetricDefinition.Histogram(
        "spiffe.peer.verification.duration", "s", "Duration of the verification of a peer's X509-SVID, without the rest of the handshake.", Tag.PeerRole, Tag.ErrorType);

    public static readonly MetricDefinition Svids = MetricDefinition.UpDownCounter(
        "spiffe.svid.count", "{svid}", "X509-SVIDs of this workload that are valid now; 0 without an identity.");

    public static readonly MetricDefinition SvidNotAfter = MetricDefinition.Gauge(
        "spiffe.svid.not_after", "s", "Expiry of an X509-SVID of this workload, in seconds since 1970; of several with the same tags, the first to expire.", Tag.SvidTrustDomain, Tag.SvidHint);

    public static readonly MetricDefinition AuthorityNotAfter = MetricDefinition.Gauge(
        "spiffe.bundle.authority.not_after", "s", "Expiry of an authority of a trust bundle, in seconds since 1970.", Tag.BundleTrustDomain, Tag.BundleAuthority);

    public static readonly MetricDefinition Connected = MetricDefinition.UpDownCounter(
        "spiffe.watch.connected", "{watch}", "1 while the watched source is available, 0 while it is not.", Tag.WatchKind, Tag.WatchOrigin);

    public static readonly MetricDefinition LastUpdate = MetricDefinition.Gauge(
        "spiffe.watch.last_update", "s", "Time of the last valid update, in seconds since 1970; absent before the first.", Tag.WatchKind, Tag.WatchOrigin);

    public static readonly MetricDefinition Updates = MetricDefinition.Counter(
        "spiffe.watch.updates", "{update}", "Updates received, accepted or rejected.", Tag.WatchKind, Tag.WatchOrigin, Tag.ErrorType);

    public static readonly MetricDefinition Failures = MetricDefinition.Counter(
        "spiffe.watch.failures", "{failure}", "Streams that ended, or could not be opened; each is retried.", Tag.WatchKind, Tag.WatchOrigin, Tag.ErrorType);

    public static readonly MetricDefinition Tokens = MetricDefinition.Counter(
        "spiffe.token.requests", "{token}", "JWT-SVIDs requested by this workload, from the cache or from the agent.", Tag.TokenSource, Tag.ErrorType);

    public static readonly MetricDefinition Fetches = MetricDefinition.Counter(
        "spiffe.federation.fetches", "{fetch}", "Fetches of bundles from the endpoints of other trust domains.", Tag.BundleTrustDomain, Tag.ErrorType);

    public static readonly MetricDefinition ListNextUpdate = MetricDefinition.Gauge(
        "spiffe.revocation.list.next_update", "s", "Next update of a certificate revocation list, in seconds since 1970; of several of one trust domain, the first to end.", Tag.BundleTrustDomain);

    public static readonly MetricDefinition ServersLeft = MetricDefinition.Counter(
        "spiffe.client.connections.ended", "{connection}", "Connections to servers that the client closed because their peer is no longer trusted or expected.", Tag.ErrorType);
}
