using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The events of a server's connections and requests that we count. Listeners hear of them later, on a thread that nobody waits for.</summary>
internal sealed class SpiffeServerMetrics
{
    private const string Reason = "spiffe.rejection.reason";

    private readonly ServerNotifications _notifications;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _aborted;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _forwarded;

    public SpiffeServerMetrics(IMeterFactory factory, ServerNotifications notifications)
    {
        _notifications = notifications;
        var meter = factory.Create(SpiffeDiagnostics.MeterName);
        _ended = meter.CreateCounter<long>("spiffe.server.connections.ended", "{connection}", "Connections that we closed because what was true at their handshake is no longer.");
        _aborted = meter.CreateCounter<long>("spiffe.server.connections.aborted", "{connection}", "Of those, the ones whose requests did not finish in time.");
        _tokens = meter.CreateCounter<long>("spiffe.server.tokens.rejected", "{token}", "Requests whose token was refused.");
        _forwarded = meter.CreateCounter<long>("spiffe.server.forwarded.rejected", "{request}", "Requests of trusted proxies whose forwarded certificate was refused.");
    }

    public void Ended(string reasons) => Count(_ended, reasons);

    public void Aborted(string reasons) => Count(_aborted, reasons);

    public void TokenRefused(JwtRejectionReason reason) => Count(_tokens, reason.ToString());

    public void ForwardedRefused(RejectionReason reason) => Count(_forwarded, reason.ToString());

    private void Count(Counter<long> counter, string reason) => _notifications.Post(() => counter.Add(1, new KeyValuePair<string, object?>(Reason, reason)));
}
