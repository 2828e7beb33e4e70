namespace AspNetSpiffe;

public sealed partial class X509BundleSource : ITrustSource
{
    object? ITrustSource.Published => Current;

    TrustContext? ITrustSource.Trust => Current is { } bundles ? new(bundles, null) : null;

    Origin ITrustSource.Origin => _watch.Origin;

    RevocationWatch? ITrustSource.Revocation => _revocation;

    NotificationQueue ITrustSource.Notifications => _watch.Notifications;

    SpiffeMetrics ITrustSource.Metrics => _watch.Metrics;

    SourceRegistry ITrustSource.Registry => _watch.Registry;

    string ITrustSource.DescribeAbsence() => _watch.IsStarted
        ? $"There are no X.509 bundles yet: {_watch.Origin} has sent none since the source was started. {_watch.LastProblem}"
        : "There are no X.509 bundles: their source was never started.";
}
