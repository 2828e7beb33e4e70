namespace AspNetSpiffe.Benchmarks;

/// <summary>The handshakes of one server, in their order.</summary>
/// <param name="Name">Which server.</param>
/// <param name="Age">How long ago its first handshake was when these began.</param>
/// <param name="Handshakes">All of them.</param>
internal sealed record StallResult(string Name, TimeSpan Age, Timed[] Handshakes)
{
    private readonly double[] _sorted = [.. Handshakes.Select(h => h.Latency).Order()];

    public int Failed => Handshakes.Count(h => !h.Good);

    public IEnumerable<Timed> Stalls => Handshakes.Where(h => h.Latency > StallRun.Stall);

    public IEnumerable<Timed> Worst(int count) => Handshakes.OrderByDescending(h => h.Latency).Take(count);

    /// <summary>Gives the milliseconds that a share of the handshakes did not exceed.</summary>
    public double Percentile(double share) => _sorted[Math.Max(0, (int)Math.Ceiling(share * _sorted.Length) - 1)];

    /// <summary>Gives the milliseconds of the handshakes within half a second of a moment.</summary>
    public double[] Around(TimeSpan moment) => [.. Handshakes.Where(h => (h.Due - moment).Duration() <= TimeSpan.FromSeconds(0.5)).Select(h => h.Latency)];
}
