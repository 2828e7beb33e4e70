using System.Globalization;

namespace AspNetSpiffe.Soak;

/// <summary>What the run says at its end.</summary>
internal static class Report
{
    public static void Write(Ledger ledger, Mesh mesh, Load load, Rotation rotation, Memory memory, Meters meters, ForeignCode foreign)
    {
        Line("requests", ledger.Requests);
        Line("answered, as they should be", ledger.Answered);
        Line("refused, as they should be", ledger.Refused);
        Line("not judged: the right changed meanwhile", ledger.NotJudged);
        Line("rotations", rotation.Arrived);
        Line("kill -9 of the agent, in all", mesh.Agent.Kills);
        Line("connections that outlived an SVID of their callers", load.KeptConnections);
        Line("calls of others' code that misbehaved", foreign.Calls);
        foreach (var kind in ledger.Faults.GroupBy(static f => f.Kind)) Line(kind.Key, kind.Count());
        foreach (var (connection, time) in ledger.LatestEnds) Line($"revoked and {connection}: closed within", time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture));
        foreach (var series in (Series[])[memory.WorkingSet, memory.Heap]) Line($"{series.Name} of each three minutes after two, MB", series.Describe());
        foreach (var (what, sum) in meters.Sums) Line(what, sum);

        Console.WriteLine();
        foreach (var promise in Promise.All) Line($"broken: {promise}", ledger.Broken.GetValueOrDefault(promise));
        Console.WriteLine(ledger.Broken.IsEmpty ? "every promise was kept" : "promises were broken");
    }

    private static void Line(string what, long count) => Line(what, count.ToString("N0", CultureInfo.InvariantCulture));

    private static void Line(string what, string value) => Console.WriteLine($"{what,-56}{value,12}");
}
