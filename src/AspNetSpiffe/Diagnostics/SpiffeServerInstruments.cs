namespace AspNetSpiffe;

/// <summary>Everything that this package measures.</summary>
internal static class SpiffeServerInstruments
{
    public static readonly MetricDefinition Connections = MetricDefinition.UpDownCounter(
        "spiffe.server.active_connections", "{connection}", "Open connections whose peer is verified.", Tag.PeerTrustDomain);

    public static readonly MetricDefinition Ended = MetricDefinition.Counter(
        "spiffe.server.connections.ended", "{connection}",
        "Connections that we closed because what was true at their handshake is no longer; of several reasons, the first that counts.", Tag.ErrorType);

    public static readonly MetricDefinition Aborted = MetricDefinition.Counter(
        "spiffe.server.connections.aborted", "{connection}", "Of those, the ones whose requests did not finish in time.", Tag.ErrorType);

    public static readonly MetricDefinition TokensRejected = MetricDefinition.Counter(
        "spiffe.server.tokens.rejected", "{token}", "Requests whose token was refused.", Tag.ErrorType);

    public static readonly MetricDefinition ForwardedRejected = MetricDefinition.Counter(
        "spiffe.server.forwarded.rejected", "{request}", "Requests of trusted proxies whose forwarded certificate was refused.", Tag.ErrorType);
}
