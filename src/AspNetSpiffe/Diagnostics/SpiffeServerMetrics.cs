using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The events of a server's connections and requests that we count.</summary>
internal sealed class SpiffeServerMetrics
{
    private readonly Counter<long> _ended;
    private readonly Counter<long> _aborted;
    private readonly Counter<long> _tokens;

    public SpiffeServerMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(SpiffeDiagnostics.MeterName);
        _ended = meter.CreateCounter<long>("spiffe.server.connections.ended", "{connection}", "Connections that we closed because what was true at their handshake is no longer.");
        _aborted = meter.CreateCounter<long>("spiffe.server.connections.aborted", "{connection}", "Of those, the ones whose requests did not finish in time.");
        _tokens = meter.CreateCounter<long>("spiffe.server.tokens.rejected", "{token}", "Requests whose token was refused.");
    }

    public void Ended(RejectionReason reason) => _ended.Add(1, new KeyValuePair<string, object?>("spiffe.rejection.reason", reason.ToString()));

    public void Aborted(RejectionReason reason) => _aborted.Add(1, new KeyValuePair<string, object?>("spiffe.rejection.reason", reason.ToString()));

    public void TokenRefused(JwtRejectionReason reason) => _tokens.Add(1, new KeyValuePair<string, object?>("spiffe.rejection.reason", reason.ToString()));
}
