using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>Rounds that are not counted: as many as it takes until the JIT leaves the servers' code alone.</summary>
internal static class WarmUp
{
    public const int MostRounds = 10;

    // Some code comes late, of timers and of collections; that of a handshake is some thousand methods.
    private const long Quiet = 10;

    /// <returns>What was done, in a sentence.</returns>
    public static string Run(IEnumerable<Server> servers, Action round)
    {
        var dotnet = servers.Where(s => s.IsDotnet).Distinct().ToArray();
        var before = dotnet.Select(s => s.Compiled).ToArray();
        for (var rounds = 1; ; rounds++)
        {
            round();
            var after = dotnet.Select(s => s.Compiled).ToArray();
            var most = after.Zip(before, (a, b) => a - b).DefaultIfEmpty().Max();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"warming up, round {rounds}: {most} methods compiled"));
            if (most <= Quiet || rounds == MostRounds) return Describe(rounds, most);
            before = after;
        }
    }

    private static string Describe(int rounds, long most) => string.Create(
        CultureInfo.InvariantCulture, $"{rounds} more to warm up, in the last of which the JIT compiled {(most == 0 ? "nothing" : $"at most {most} methods")} in a server{(most > Quiet ? ", which is not quiet" : "")}");
}
