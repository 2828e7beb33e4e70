using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspNetSpiffe;

/// <summary>Health check for the verification of peers: bundles, the validity of their authorities, bundle endpoints, and certificate revocation lists.</summary>
internal sealed class BundleHealthCheck(SourceRegistry sources, Func<BundleEndpoints> endpoints) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ITrustSource[] all = [.. sources.All<ITrustSource>()];
        if (all.Length == 0) return Task.FromResult(HealthCheckResult.Healthy("This host verifies no peers."));

        Dictionary<string, object> data = [];
        List<string> failures = [], troubles = [];
        foreach (var source in all) Judge(source, data, failures, troubles);
        foreach (var (trustDomain, problem) in endpoints().Problems) troubles.Add($"The bundle endpoint of '{trustDomain}': {problem}");
        string[] problems = [.. failures, .. troubles.Distinct()];
        return Task.FromResult<HealthCheckResult>(new(
            failures.Count > 0 ? context.Registration.FailureStatus : problems.Length > 0 ? HealthStatus.Degraded : HealthStatus.Healthy,
            problems.Length == 0 ? $"Trust domains with a bundle: {data.Count}." : string.Join(' ', problems),
            data: data));
    }

    private static void Judge(ITrustSource source, Dictionary<string, object> data, List<string> failures, List<string> troubles)
    {
        if (source.Trust is not { } trust)
        {
            failures.Add(source.DescribeAbsence());
            return;
        }

        var now = source.Time.GetUtcNow();
        if (source is X509BundleSource { Status.History.Last.Problem: { } problem }) troubles.Add($"{source.Origin.Title} reports an error. {problem}");
        foreach (var bundle in trust.Bundles)
        {
            var last = bundle.Authorities.Select(static authority => Validity.Of(authority)).Select(static validity => (DateTimeOffset?)validity.End).Max();
            data[bundle.TrustDomain.Name] = (object?)last ?? "no authorities";
            if (last > now) continue;
            (bundle.TrustDomain == trust.TrustDomain ? failures : troubles).Add(
                $"The bundle of '{bundle.TrustDomain}' {(last is null ? "has no authorities" : $"has had no valid authority since {last:u}")}: its members are rejected.");
        }

        foreach (var (trustDomain, stale) in source.Revocation?.Problems ?? []) troubles.Add($"A certificate revocation list of '{trustDomain}': {stale}");
    }
}
