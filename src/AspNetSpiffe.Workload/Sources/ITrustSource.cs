using System.Security.Authentication;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>A source that handshakes stand on: one with our SVID, or one with bundles only.</summary>
internal interface ITrustSource
{
    /// <summary>Gets what was published last: another object says that something changed.</summary>
    object? Published { get; }

    /// <summary>Gets the same as a handshake needs it.</summary>
    TrustContext? Trust { get; }

    /// <summary>Gets where it all comes from.</summary>
    Origin Origin { get; }

    /// <summary>Gets the certificate revocation lists; <see langword="null"/> where the settings name none.</summary>
    RevocationWatch? Revocation { get; }

    TimeProvider Time => Origin.Time;

    SpiffeLimits Limits => Origin.Limits;

    NotificationQueue Notifications { get; }

    SpiffeMetrics Metrics { get; }

    /// <summary>Gets where the clients and the rejections of the host are noted.</summary>
    SourceRegistry Registry { get; }

    IChangeToken GetChangeToken();

    /// <summary>Says why there is nothing now.</summary>
    string DescribeAbsence();

    /// <summary>Says what the certificate revocation lists say of a verified peer now.</summary>
    RejectionReason RevocationOf(SpiffePeer peer) => Revocation?.Current.Judge(peer.Proof, Time.GetUtcNow()) ?? RejectionReason.None;

    /// <summary>Looks a verified peer up in the certificate revocation lists, if there are any.</summary>
    VerificationResult LookUp(VerificationResult result) =>
        result.Accepted && RevocationOf(result.Peer) is var reason and not RejectionReason.None ? VerificationResult.Reject(reason, result.Id) : result;

    // Kestrel is quiet about an AuthenticationException, and calls every other type an error of its own.
    /// <summary>Gets the bundles, whatever our SVID.</summary>
    /// <exception cref="AuthenticationException">There are none.</exception>
    TrustContext RequireTrust() => Trust ?? throw new AuthenticationException(DescribeAbsence());

    /// <summary>Gets the bundles, and our SVID where the source has one.</summary>
    /// <exception cref="AuthenticationException">There are none, or the SVID has expired.</exception>
    TrustContext RequireValid()
    {
        var trust = RequireTrust();
        return trust.Svid is not { } svid || Time.GetUtcNow() < svid.Validity.End
            ? trust
            : throw new AuthenticationException($"The SVID '{svid.Id}' expired at {svid.NotAfter:u}, and {Origin} has sent no newer one.");
    }
}
