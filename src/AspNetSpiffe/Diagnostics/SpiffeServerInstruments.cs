namespace AspNetSpiffe;

/// <summary>All metrics of this package.</summary>
internal static class SpiffeServerInstruments
{
    public static readonly MetricDefinition Connections = MetricDefinition.UpDownCounter(
        "spiffe.server.active_connections", "{connection}", "Open connections whose peer is verified.", Tag.PeerTrustDomain);

    public static readonly MetricDefinition Ended = MetricDefinition.Counter(
        "spiffe.server.connections.ended", "{connection}",
        "Connections closed by the server because their peer is no longer accepted; of several reasons, the first.", Tag.ErrorType);

    public static readonly MetricDefinition Aborted = MetricDefinition.Counter(
        "spiffe.server.connections.aborted", "{connection}", "Of the closed connections, those aborted because their requests did not finish in time.", Tag.ErrorType);

    public static readonly MetricDefinition TokensRejected = MetricDefinition.Counter(
        "spiffe.server.tokens.rejected", "{token}", "Requests whose token was rejected.", Tag.ErrorType);

    public static readonly MetricDefinition ForwardedRejected = MetricDefinition.Counter(
        "spiffe.server.forwarded.rejected", "{request}", "Requests of trusted proxies whose forwarded certificate was rejected.", Tag.ErrorType);
}
