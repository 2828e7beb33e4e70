using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AspNetSpiffe;

/// <summary>Health check for tokens: the keys to verify received tokens, and our own tokens, if they are used.</summary>
internal sealed class TokenHealthCheck(SourceRegistry sources) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Dictionary<string, object> data = [];
        (bool IsFailure, string Text)[] problems = [.. sources.All<JwtBundleSource>().Select(source => Judge(source, data)).OfType<(bool, string)>(), .. sources.All<JwtSource>().Select(source => Judge(source, data)).OfType<(bool, string)>()];
        return Task.FromResult<HealthCheckResult>(new(
            problems.Any(static problem => problem.IsFailure) ? context.Registration.FailureStatus : problems.Length > 0 ? HealthStatus.Degraded : HealthStatus.Healthy,
            problems.Length > 0 ? string.Join(' ', problems.Select(static problem => problem.Text)) : data.Count == 0 ? "This host uses no tokens." : "Tokens can be verified or fetched.",
            data: data));
    }

    private static (bool, string)? Judge(JwtBundleSource source, Dictionary<string, object> data)
    {
        foreach (var (key, value) in HealthText.DataOf(source.Status)) data[$"bundles.{key}"] = value;
        if (source.Current is null) return (true, $"There are no keys yet to verify tokens with. {source.Status.History.Last?.Problem ?? "None have been received."}");
        return source.Status.History.Last is { Problem: { } problem } ? (false, $"The keys to verify tokens with are not up to date. {source.Status.Origin.Title} reports an error. {problem}") : null;
    }

    private static (bool, string)? Judge(JwtSource source, Dictionary<string, object> data)
    {
        if (source.LastGood is { } good) data["tokens.lastFetch"] = good;
        if (source.LastProblem is not { } problem) return null;
        data["tokens.lastError"] = problem;
        return (source.LastGood is null, $"No token was issued at the last attempt. {problem}");
    }
}
