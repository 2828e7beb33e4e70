using System.Security.Authentication;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The source that handshakes use: one with our SVID, or one with bundles only.</summary>
internal interface ITrustSource
{
    /// <summary>Gets the last published value; another instance means that something changed.</summary>
    object? Published { get; }

    /// <summary>Gets the same value in the form that a handshake needs.</summary>
    TrustContext? Trust { get; }

    /// <summary>Gets the origin.</summary>
    Origin Origin { get; }

    /// <summary>Gets the certificate revocation lists; <see langword="null"/> if none are configured.</summary>
    RevocationWatch? Revocation { get; }

    TimeProvider Time => Origin.Time;

    SpiffeLimits Limits => Origin.Limits;

    NotificationQueue Notifications { get; }

    SpiffeMetrics Metrics { get; }

    /// <summary>Gets the registry of the clients and rejections of the host.</summary>
    SourceRegistry Registry { get; }

    IChangeToken GetChangeToken();

    /// <summary>Describes why there is no value now.</summary>
    string DescribeAbsence();

    /// <summary>Checks a verified peer against the current certificate revocation lists.</summary>
    RejectionReason RevocationOf(SpiffePeer peer) => Revocation?.Current.Judge(peer.Proof, Time.GetUtcNow()) ?? RejectionReason.None;

    /// <summary>Checks the peer of a result against the certificate revocation lists, if there are any.</summary>
    VerificationResult LookUp(VerificationResult result) =>
        result.Accepted && RevocationOf(result.Peer) is var reason and not RejectionReason.None ? VerificationResult.Reject(reason, result.Id) : result;

    // Kestrel logs an AuthenticationException at level Debug, and every other exception as an error of the server.
    /// <summary>Gets the bundles, whether or not our SVID is valid.</summary>
    /// <exception cref="AuthenticationException">There are no bundles.</exception>
    TrustContext RequireTrust() => Trust ?? throw new AuthenticationException(DescribeAbsence());

    /// <summary>Gets the bundles, and our SVID if the source has one.</summary>
    /// <exception cref="AuthenticationException">There are no bundles, or the SVID has expired.</exception>
    TrustContext RequireValid()
    {
        var trust = RequireTrust();
        return trust.Svid is not { } svid || Time.GetUtcNow() < svid.Validity.End
            ? trust
            : throw new AuthenticationException($"The SVID '{svid.Id}' expired at {svid.NotAfter:u}, and {Origin} has sent no newer one.");
    }
}
