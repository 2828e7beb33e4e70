using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspNetSpiffe;

/// <summary>Health check for our identity: its validity and its renewal.</summary>
/// <param name="sources">The sources of the host.</param>
/// <param name="isRequired">Whether the host requires an identity to start.</param>
internal sealed class IdentityHealthCheck(SourceRegistry sources, bool isRequired) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(sources.All<X509Source>().FirstOrDefault() switch
    {
        { } source => Check(source, context.Registration.FailureStatus),
        null when isRequired => new(context.Registration.FailureStatus, "There is no SVID: the host has not started, or has stopped."),
        null => HealthCheckResult.Healthy("This host uses no identity of its own."),
    });

    private static HealthCheckResult Check(X509Source source, HealthStatus failure)
    {
        var (svid, now) = (source.Current?.DefaultSvid, source.Time.GetUtcNow());
        var data = DataOf(source, svid, now);
        if (svid is null) return new(failure, $"{source.DescribeAbsence()} {source.LastProblem}".TrimEnd(), data: data);
        if (svid.Validity.End <= now) return new(failure, $"The SVID '{svid.Id}' expired at {svid.NotAfter:u}. {Cause(source)}", data: data);

        var valid = $"The SVID '{svid.Id}' is valid until {svid.NotAfter:u}, for {HealthText.Rounded(svid.Validity.End - now)}";
        return source.LastProblem is null && !source.Expiry.IsDue
            ? HealthCheckResult.Healthy($"{valid}.", data)
            : HealthCheckResult.Degraded($"{valid}, and has not been renewed. {Cause(source)}", data: data);
    }

    private static string Cause(X509Source source) => source.LastProblem is { } problem
        ? $"{source.Origin.Title} reports an error. {problem}"
        : $"{source.Origin.Title} has sent no newer SVID, although it reports no error: {source.Origin.RenewalAdvice}.";

    private static Dictionary<string, object> DataOf(X509Source source, X509Svid? svid, DateTimeOffset now)
    {
        var data = HealthText.DataOf(source.Status);
        if (source.LastProblem is { } problem) data["lastError"] = problem;
        if (svid is null) return data;
        data["spiffeId"] = svid.Id.ToString();
        data["notAfter"] = svid.NotAfter;
        data["remaining"] = HealthText.Rounded(svid.Validity.End - now);
        return data;
    }
}

/// <summary>Marker service of a host that does not start without an identity.</summary>
internal sealed class IdentityRequired;
