namespace AspNetSpiffe.Benchmarks;

/// <summary>How costs grow with the number of bundles, connections, policies and allowed peers.</summary>
internal static class GrowthRun
{
    public static async Task<int> RunAsync(int most, int rounds, string[] parts, string? report, string? plots)
    {
        var begin = TimeProvider.System.GetUtcNow();
        int[] counts = [.. new[] { 10, 100, 1_000, 10_000 }.Where(count => count <= most)];
        ThreadPool.SetMinThreads(16, 16);
        var written = new GrowthReport(counts);
        foreach (var (name, part) in Parts(counts, rounds))
        {
            if (parts.Length > 0 && !parts.Contains(name)) continue;
            var from = TimeProvider.System.GetTimestamp();
            written.Add(await part());
            Console.Error.WriteLine($"{name}: {TimeProvider.System.GetElapsedTime(from).TotalSeconds:0} s");
        }

        await written.WriteAsync(begin, report, plots);
        return written.HasFailed ? 1 : 0;
    }

    private static IEnumerable<(string Name, Func<Task<GrowthPart>> Run)> Parts(int[] counts, int rounds) =>
    [
        ("patterns", () => PatternGrowth.RunAsync(counts)),
        ("policies", () => PolicyGrowth.RunAsync(counts)),
        ("registry", () => RegistryGrowth.RunAsync(counts)),
        ("bundles", () => BundleGrowth.RunAsync(counts, rounds)),
        ("start", () => StartGrowth.RunAsync(counts, rounds)),
        ("expiry", () => ExpiryGrowth.RunAsync(counts)),
    ];
}

/// <summary>What one part of a run has found.</summary>
/// <param name="Title">Of what.</param>
/// <param name="Of">What there is more and more of.</param>
/// <param name="Curves">The costs.</param>
/// <param name="Failed">Whether something failed that must not.</param>
internal sealed record GrowthPart(string Title, string Of, Curve[] Curves, bool Failed = false);
