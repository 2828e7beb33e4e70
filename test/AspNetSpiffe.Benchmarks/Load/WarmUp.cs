using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Rounds that are not counted: as many as it takes until the JIT is no part of the figures any more.</summary>
internal sealed class WarmUp
{
    public const int MostRounds = 10;

    private const double Quiet = 0.01;

    private readonly Server[] _servers;
    private (TimeSpan Jit, TimeSpan Cpu)[] _last;

    private WarmUp(IEnumerable<Server> servers)
    {
        _servers = [.. servers.Where(s => s.IsDotnet).Distinct()];
        _last = Read();
    }

    public int Rounds { get; private set; }

    /// <summary>Gets what part of its processor time the busiest JIT of a server took in the last of these rounds.</summary>
    public double Last { get; private set; }

    public static WarmUp Run(IEnumerable<Server> servers, Action round)
    {
        var warmUp = new WarmUp(servers);
        do
        {
            round();
            warmUp.Last = warmUp.JitShare();
            warmUp.Rounds++;
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"warming up, round {warmUp.Rounds}: {warmUp.Last:0.0 %} for the JIT"));
        }
        while (warmUp.Last > Quiet && warmUp.Rounds < MostRounds);
        return warmUp;
    }

    /// <summary>Says what was done, and how much of what was counted since then is the JIT's.</summary>
    public string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Rounds} more to warm up (a server's JIT took at most {Last:0.0 %} of its processor time in the last of them, {JitShare():0.0 %} in what was counted)");

    private double JitShare()
    {
        var now = Read();
        var share = now.Zip(_last, (a, b) => (a.Jit - b.Jit) / (a.Cpu - b.Cpu)).DefaultIfEmpty().Max();
        _last = now;
        return share;
    }

    private (TimeSpan Jit, TimeSpan Cpu)[] Read() => [.. _servers.Select(s => (s.Jit, s.Process.Cpu))];
}
