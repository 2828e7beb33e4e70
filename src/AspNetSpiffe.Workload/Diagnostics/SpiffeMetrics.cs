using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The events that we count. A tag never holds a stranger's text: a trust domain we know, or 'unknown'.</summary>
internal sealed class SpiffeMetrics
{
    private readonly Counter<long> _handshakes;
    private readonly Counter<long> _rejections;
    private readonly Counter<long> _updates;
    private readonly NotificationQueue _notifications;
    private long _notAfter;

    /// <param name="factory">Makes the meter; without one, we do.</param>
    /// <param name="notifications">Counts, when nobody waits for it.</param>
    /// <param name="hasSvid">Whether there is an SVID to tell of: of two sources in one process, only one has it.</param>
    public SpiffeMetrics(IMeterFactory? factory, NotificationQueue notifications, bool hasSvid = true)
    {
        _notifications = notifications;
        var meter = factory?.Create(SpiffeDiagnostics.MeterName) ?? new Meter(SpiffeDiagnostics.MeterName);
        _handshakes = meter.CreateCounter<long>("spiffe.peer.handshakes", "{handshake}", "Handshakes whose peer was verified and allowed.");
        _rejections = meter.CreateCounter<long>("spiffe.peer.rejections", "{handshake}", "Handshakes refused because the peer had no acceptable X509-SVID.");
        _updates = meter.CreateCounter<long>("spiffe.svid.updates", "{update}", "Updates from the Workload API, by whether they were accepted.");
        if (hasSvid) meter.CreateObservableGauge("spiffe.svid.not_after", () => Volatile.Read(ref _notAfter), "s", "When our SVID expires, in seconds since 1970; 0 without one.");
    }

    public void PeerAccepted(PeerRole role, TrustDomain trustDomain) =>
        _notifications.Post(() => _handshakes.Add(1, new("spiffe.peer.role", RoleName(role)), new("spiffe.peer.trust_domain", trustDomain.Name)));

    public void PeerRejected(PeerRole role, RejectionReason reason, TrustDomain? known) =>
        _notifications.Post(() => _rejections.Add(
            1, new("spiffe.peer.role", RoleName(role)), new("spiffe.rejection.reason", reason.ToString()), new("spiffe.peer.trust_domain", known?.Name ?? "unknown")));

    public void ContextPublished(X509Context context)
    {
        Volatile.Write(ref _notAfter, context.DefaultSvid.NotAfter.ToUnixTimeSeconds());
        CountUpdate(accepted: true);
    }

    public void ContextWithdrawn() => Volatile.Write(ref _notAfter, 0);

    public void UpdateRefused() => CountUpdate(accepted: false);

    private void CountUpdate(bool accepted) => _notifications.Post(() => _updates.Add(1, new KeyValuePair<string, object?>("spiffe.update.accepted", accepted)));

    private static string RoleName(PeerRole role) => role == PeerRole.Client ? "client" : "server";
}
