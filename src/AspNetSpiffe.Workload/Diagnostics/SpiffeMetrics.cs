using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The counters of one source. Listeners are called later, on a background thread; without a listener the cost is one check.</summary>
internal sealed class SpiffeMetrics(Meter meter, NotificationQueue notifications)
{
    private readonly Counter<long> _handshakes = SpiffeInstruments.Handshakes.CreateCounter(meter);
    private readonly Counter<long> _rejections = SpiffeInstruments.Rejections.CreateCounter(meter);
    private readonly Counter<long> _updates = SpiffeInstruments.Updates.CreateCounter(meter);
    private readonly Counter<long> _failures = SpiffeInstruments.Failures.CreateCounter(meter);
    private readonly Counter<long> _serversLeft = SpiffeInstruments.ServersLeft.CreateCounter(meter);

    // A cached verification takes microseconds, a full one a millisecond.
    private readonly Histogram<double> _verification = SpiffeInstruments.Verification.CreateHistogram(meter, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.5);

    /// <summary>Records that a peer was verified or rejected.</summary>
    /// <param name="role">The role of the peer.</param>
    /// <param name="reason">Why it was rejected, if it was.</param>
    /// <param name="known">Its trust domain, if its trust bundle is known.</param>
    /// <param name="took">The duration of the verification.</param>
    public void PeerVerified(PeerRole role, RejectionReason reason, TrustDomain? known, TimeSpan took)
    {
        if (!_handshakes.Enabled && !_rejections.Enabled && !_verification.Enabled) return;
        var roleTag = new KeyValuePair<string, object?>(Tag.PeerRole, Tag.NameOf(role));
        var domainTag = new KeyValuePair<string, object?>(Tag.PeerTrustDomain, known?.Name ?? "unknown");
        var error = reason == RejectionReason.None ? null : Tag.NameOf(reason);
        notifications.Post(() =>
        {
            (error is null ? _handshakes : _rejections).Add(1, Tag.WithError(error, roleTag, domainTag));
            _verification.Record(took.TotalSeconds, Tag.WithError(error, roleTag));
        });
    }

    /// <summary>Records an event of a watch.</summary>
    public void Count(WatchEvent news, string watch, string origin)
    {
        var counter = news.IsUpdate ? _updates : _failures;
        if (counter.Enabled) notifications.Post(() => counter.Add(news.Times, Tag.WithError(news.Error, new(Tag.WatchKind, watch), new(Tag.WatchOrigin, origin))));
    }

    /// <summary>Records that a connection to a server is closed by us.</summary>
    public void ServerLeft(RejectionReason reason)
    {
        if (_serversLeft.Enabled) notifications.Post(() => _serversLeft.Add(1, new KeyValuePair<string, object?>(Tag.ErrorType, Tag.NameOf(reason))));
    }
}
