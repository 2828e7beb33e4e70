using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>What the run says at its end.</summary>
internal static class Report
{
    public static void Write(Ledger ledger, Rotation rotation, Memory memory, Meters meters)
    {
        Line("requests", ledger.Requests);
        Line("answered, as they should", ledger.Answered);
        Line("refused, as they should", ledger.Refused);
        Line("not judged, the right changed meanwhile", ledger.NotJudged);
        Line("rotations", rotation.Arrived);
        foreach (var kind in ledger.Faults.GroupBy(static f => f.Kind)) Line(kind.Key, kind.Count());
        foreach (var (connection, time) in ledger.LatestEnds) Line($"revoked, {connection}: closed within", time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture));
        foreach (var (what, sum) in meters.Sums) Line(what, sum);
        foreach (var (what, range) in memory.Ranges) Line(what, range);
        foreach (var (promise, count) in ledger.Broken) Line($"BROKEN: {promise}", count);
        Console.WriteLine(ledger.Broken.IsEmpty ? "every promise was kept" : "promises were broken");
    }

    private static void Line(string what, long count) => Line(what, count.ToString("N0", CultureInfo.InvariantCulture));

    private static void Line(string what, string value) => Console.WriteLine($"{what,-52}{value,14}");
}
