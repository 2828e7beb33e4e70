using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

public sealed partial class X509Source : ITrustSource
{
    object? ITrustSource.Published => Current;

    TrustContext? ITrustSource.Trust => Current is { } context ? new(context.Bundles, context.DefaultSvid) : null;

    Origin ITrustSource.Origin => Origin;

    RevocationWatch? ITrustSource.Revocation => Revocation;

    NotificationQueue ITrustSource.Notifications => Notifications;

    SpiffeMetrics ITrustSource.Metrics => Metrics;

    SourceRegistry ITrustSource.Registry => _registry;

    IChangeToken ITrustSource.GetChangeToken() => GetChangeToken();

    string ITrustSource.DescribeAbsence() => DescribeAbsence();
}
