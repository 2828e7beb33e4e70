using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The counters of a server's connections and requests. Listeners are called later, on a background thread.</summary>
internal sealed class SpiffeServerMetrics
{
    private readonly ServerNotifications _notifications;
    private readonly Meter _meter;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _aborted;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _forwarded;

    public SpiffeServerMetrics(IMeterFactory factory, ServerNotifications notifications)
    {
        _notifications = notifications;
        _meter = factory.Create(SpiffeDiagnostics.MeterName);
        _ended = SpiffeServerInstruments.Ended.CreateCounter(_meter);
        _aborted = SpiffeServerInstruments.Aborted.CreateCounter(_meter);
        _tokens = SpiffeServerInstruments.TokensRejected.CreateCounter(_meter);
        _forwarded = SpiffeServerInstruments.ForwardedRejected.CreateCounter(_meter);
    }

    public void Ended(IReadOnlyList<RejectionReason> reasons) => Count(_ended, reasons[0]);

    public void Aborted(IReadOnlyList<RejectionReason> reasons) => Count(_aborted, reasons[0]);

    public void TokenRefused(JwtRejectionReason reason) => Count(_tokens, reason);

    public void ForwardedRefused(RejectionReason reason) => Count(_forwarded, reason);

    /// <summary>Creates the observable number of open connections by the trust domain of the peer.</summary>
    public void ShowConnections(Func<IEnumerable<SpiffePeer>> peers) => SpiffeServerInstruments.Connections.Observe(_meter, () => peers()
        .CountBy(static peer => peer.Id.TrustDomain.Name)
        .Select(static one => new Measurement<long>(one.Value, new KeyValuePair<string, object?>(Tag.PeerTrustDomain, one.Key))));

    private void Count(Counter<long> counter, Enum reason)
    {
        if (counter.Enabled) _notifications.Post(() => counter.Add(1, new KeyValuePair<string, object?>(Tag.ErrorType, Tag.NameOf(reason))));
    }
}
