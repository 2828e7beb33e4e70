using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Verifies the peer of each handshake and checks that it is allowed. Counts each result and logs rejections.</summary>
internal sealed class HandshakeVerifier(ITrustSource source, Func<SpiffeIdPattern?> allowed)
{
    /// <summary>
    /// The certificate of a client or a server was rejected, and the handshake failed. The reason is not sent to the peer; the message has the reason, the presented
    /// certificate and the address. Rate-limited: level Debug after the first message per minute, reason and address.
    /// </summary>
    /// <remarks>See the reason in <see href="../rejections.md#peers">the rejection reasons of peers</see>, with its meaning and remedy.</remarks>
    /// <value><see cref="LogLevel.Information"/>, <see cref="LogLevel.Debug"/>: <c>Rejected a {Role} in the TLS handshake: {Reason}. {Advice}</c></value>
    /// <seealso cref="LogCategories.Handshake"/>
    private static readonly EventId PeerRefused = new(1, "PeerRefused");

    private readonly ILogger _logger = source.Notifications.CreateLogger(LogCategories.Handshake);
    private readonly RefusalLimit _limit = new(source.Time);
    private readonly VerifiedPeers _peers = new(source.Limits);

    /// <summary>Returns the policy for the chain that SslStream builds before it calls us. Without it, SslStream uses the system's CAs and downloads from URLs in the peer's certificate.</summary>
    public X509ChainPolicy ChainPolicy(TrustContext trust) => trust.OurBundle is { } ours ? _peers.ExpectPeer(ours, source.Time.GetUtcNow()) : VerifiedPeers.TrustNobody;

    /// <param name="certificate">The peer's certificate, if it presented one.</param>
    /// <param name="chain">The chain that SslStream built.</param>
    /// <param name="role">The role of the peer.</param>
    /// <param name="remote">The peer's address.</param>
    /// <param name="clients">If the session may be resumed: the cache of certificates that a resumed session lacks.</param>
    public VerificationResult Verify(X509Certificate? certificate, X509Chain? chain, PeerRole role, EndPoint? remote, ResumableClients? clients = null)
    {
        var began = source.Time.GetTimestamp();

        // The current snapshot, which may be newer than the one at the start of the handshake.
        var trust = source.Trust;
        var result = trust is { } current ? Verify(current, certificate as X509Certificate2, chain, role, clients) : VerificationResult.Reject(RejectionReason.UnknownTrustDomain);
        if (!result.Accepted) clients?.Refused(remote);
        else if (chain is not null) clients?.Accepted(result.Peer.Leaf, chain.ChainPolicy.ExtraStore);
        Dispose(chain, certificate);

        // An accepted peer was verified with the bundle of its trust domain; for a rejected peer, only a trust domain with a known bundle is a tag of metrics.
        var known = result.Accepted ? result.Id.TrustDomain : result.Id is { } id ? trust?.Bundles.Find(id.TrustDomain)?.TrustDomain : null;
        var took = source.Time.GetElapsedTime(began);
        source.Metrics.PeerVerified(role, result.Reason, known, took);
        if (!result.Accepted) Refused(result, trust, certificate, role, remote, took);
        return result;
    }

    /// <summary>Checks again a peer that was verified earlier. Cheap: no chain is built.</summary>
    /// <returns>All rejection reasons: one must not hide another.</returns>
    public IReadOnlyList<RejectionReason> Recheck(SpiffePeer peer)
    {
        var expired = source.Time.GetUtcNow() >= peer.ValidUntil;
        var untrusted = RejectionReason.None;
        var isAllowed = true;
        var isRevoked = source.RevocationOf(peer) == RejectionReason.Revoked;
        if (source.Trust is { } trust)
        {
            untrusted = RecheckTrust(peer, trust.Bundles);
            isAllowed = IsAllowed(peer.Id, trust);
        }

        if (!expired && !isRevoked && untrusted == RejectionReason.None && isAllowed) return [];

        List<RejectionReason> reasons = [];
        if (expired) reasons.Add(RejectionReason.Expired);
        if (isRevoked) reasons.Add(RejectionReason.Revoked);
        if (untrusted != RejectionReason.None) reasons.Add(untrusted);
        if (!isAllowed) reasons.Add(RejectionReason.NotAllowed);
        return reasons;
    }

    private static RejectionReason RecheckTrust(SpiffePeer peer, X509BundleSet bundles)
    {
        if (bundles.Find(peer.Id.TrustDomain) is not { } bundle) return RejectionReason.UnknownTrustDomain;
        return ReferenceEquals(bundle, peer.Bundle) || bundle.Contains(peer.Authority) ? RejectionReason.None : RejectionReason.NotTrusted;
    }

    private VerificationResult Verify(TrustContext trust, X509Certificate2? leaf, X509Chain? chain, PeerRole role, ResumableClients? clients)
    {
        var now = source.Time.GetUtcNow();
        var verified = clients?.FindSent(leaf, chain) is { } sent ? _peers.Verify(leaf, sent, trust.Bundles, role, now) : _peers.Verify(leaf, chain, trust.Bundles, role, now);
        var result = source.LookUp(verified);
        return result.Accepted && !IsAllowed(result.Id, trust) ? VerificationResult.Reject(RejectionReason.NotAllowed, result.Id) : result;
    }

    private bool IsAllowed(SpiffeId id, TrustContext trust) => allowed()?.Matches(id) ?? (trust.TrustDomain is { } ours && id.IsMemberOf(ours));

    private void Refused(VerificationResult result, TrustContext? trust, X509Certificate? certificate, PeerRole role, EndPoint? remote, TimeSpan took)
    {
        // A rejected peer sees only a failed handshake, so the reason must be in our log, rate-limited against floods.
        var isTold = _limit.MayLog(result.Reason, remote, out var suppressed);
        var (issuer, address) = (IssuerOf(certificate), AddressOf(remote));

        // Composed only when it is formatted: it may contain the names of all known trust domains.
        var pattern = allowed();
        var advice = () => RejectionAdvice.For(result.Reason, result.Id, role, pattern, trust);

        // Composed now, as text: the history must not keep the SVID and its private key alive.
        source.Registry.Refusals.Add(RoleName(role), result.Reason, isTold ? advice() : null, new() { At = source.Time.GetUtcNow(), ClaimedId = result.Id, Remote = address });
        var sentence = () => LogEntry.Join(
            $"Rejected a {RoleName(role)} in the TLS handshake: {result.Reason}.",
            $"It presented {Presented(result.Id, issuer)}{(address is null ? "" : $", from {address}")}.",
            advice(),
            $"See docs/rejections.md#{result.Reason.ToString().ToLowerInvariant()}.",
            LogEntry.LeftOut(suppressed));
        var entry = new LogEntry(
            "Rejected a {Role} in the TLS handshake: {Reason}. {Advice}", sentence,
            ("Role", RoleName(role)), ("Reason", result.Reason), ("SpiffeId", result.Id?.ToString()), ("Remote", address), ("Issuer", issuer), ("Advice", advice), ("Suppressed", suppressed));
        _logger.Log(isTold ? LogLevel.Information : LogLevel.Debug, PeerRefused, entry, null, static (entry, _) => entry.ToString());
        if (isTold) Trace(result, role, remote, took);
    }

    private void Trace(VerificationResult result, PeerRole role, EndPoint? remote, TimeSpan took)
    {
        var now = source.Time.GetUtcNow();
        SpiffeActivities.Record(
            source.Notifications.Post, "spiffe.verify_peer", now - took, now, Tag.NameOf(result.Reason),
            [new(Tag.PeerRole, RoleName(role)), new(role == PeerRole.Client ? Tag.ClientId : Tag.ServerId, result.Id?.ToString()), .. SpiffeActivities.Address(remote)]);
    }

    private static string RoleName(PeerRole role) => role == PeerRole.Client ? "client" : "server";

    private static string Presented(SpiffeId? id, string? issuer) => (id, issuer) switch
    {
        (_, null) => "no certificate",
        (null, _) => $"a certificate without a SPIFFE ID, issued by {issuer}",
        _ => $"{id}, issued by {issuer}",
    };

    private static string? AddressOf(EndPoint? remote) => remote is DnsEndPoint named ? $"{named.Host}:{named.Port}" : remote?.ToString();

    private static string? IssuerOf(X509Certificate? certificate)
    {
        try
        {
            return certificate is null ? null : SpiffeIdProblem.Quote(certificate.Issuer);
        }
        catch (CryptographicException)
        {
            return "a name that cannot be read";
        }
    }

    // SslStream leaves these to the finalizer when there is a callback; disposing them saves a third of the memory of 6,000 handshakes.
    private static void Dispose(X509Chain? chain, X509Certificate? leaf)
    {
        if (chain is null) return;
        PathValidation.DisposeElements(chain);
        foreach (var sent in chain.ChainPolicy.ExtraStore)
            if (!ReferenceEquals(sent, leaf))
                sent.Dispose();
    }
}
