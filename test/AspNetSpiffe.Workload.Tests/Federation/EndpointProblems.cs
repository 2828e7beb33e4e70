namespace AspNetSpiffe.Workload.Tests.Federation;

internal static class EndpointProblems
{
    /// <summary>Says what went wrong last with the endpoint of a trust domain, if anything did.</summary>
    public static string? FindProblem(this BundleEndpoints endpoints, TrustDomain trustDomain) => endpoints.Problems.SingleOrDefault(problem => problem.TrustDomain == trustDomain).Problem;
}
