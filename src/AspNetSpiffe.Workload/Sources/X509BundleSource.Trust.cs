namespace AspNetSpiffe;

public sealed partial class X509BundleSource : ITrustSource
{
    object? ITrustSource.Published => Current;

    TrustContext? ITrustSource.Trust => Current is { } bundles ? new(bundles, null) : null;

    Origin ITrustSource.Origin => _origin;

    RevocationWatch? ITrustSource.Revocation => _revocation;

    NotificationQueue ITrustSource.Notifications => _notifications;

    SpiffeMetrics ITrustSource.Metrics => _metrics;

    string ITrustSource.DescribeAbsence() => _run.IsStarted
        ? $"There are no X.509 bundles yet: {_origin} has given none since the source was started. {_trouble?.Problem ?? "It has not answered."}"
        : "There are no X.509 bundles: their source was never started.";
}
