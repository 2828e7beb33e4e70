namespace AspNetSpiffe.Soak;

/// <summary>What the run says at its end.</summary>
internal static class Report
{
    public static void Write(Ledger ledger, Rotation rotation)
    {
        Line("requests", ledger.Answered + ledger.Refused + ledger.NotJudged);
        Line("answered, as they should", ledger.Answered);
        Line("refused, as they should", ledger.Refused);
        Line("while rights changed, not judged", ledger.NotJudged);
        Line("rotations issued", rotation.Issued);
        Line("rotations at the server", rotation.Arrived);
        foreach (var kind in ledger.Faults.GroupBy(static f => f.Kind)) Line(kind.Key, kind.Count());
        foreach (var (promise, count) in ledger.Broken) Line($"BROKEN: {promise}", count);
        Console.WriteLine(ledger.Broken.Count == 0 ? "every promise was kept" : "promises were broken");
    }

    private static void Line(string what, long count) => Console.WriteLine($"{what,-40}{count,12:N0}");
}
