namespace AspNetSpiffe;

public sealed partial class X509BundleSource : ITrustSource
{
    object? ITrustSource.Published => Current;

    TrustContext? ITrustSource.Trust => Current is { } bundles ? new(bundles, null) : null;

    TimeProvider ITrustSource.Time => _endpoint.Time;

    SpiffeLimits ITrustSource.Limits => _endpoint.Limits;

    NotificationQueue ITrustSource.Notifications => _notifications;

    SpiffeMetrics ITrustSource.Metrics => _metrics;

    string ITrustSource.DescribeAbsence() => _run.IsStarted
        ? $"There are no X.509 bundles yet: the Workload API at '{Address}' has given none since the source was started. {_trouble?.Problem ?? "It has not answered."}"
        : "There are no X.509 bundles: their source was never started.";
}
