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

    TimeProvider Time { get; }

    SpiffeLimits Limits { get; }

    NotificationQueue Notifications { get; }

    SpiffeMetrics Metrics { get; }

    IChangeToken GetChangeToken();

    /// <summary>Says why there is nothing now.</summary>
    string DescribeAbsence();

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
            : throw new AuthenticationException($"The SVID '{svid.Id}' expired at {svid.NotAfter:u} and the Workload API has issued no newer one.");
    }
}
