using System.Text.RegularExpressions;

namespace AspNetSpiffe.TestKit;

/// <summary>docs/reference/log-events.md, as an operator reads it: what it says of the events of a test must be so.</summary>
internal static partial class DocumentedEvents
{
    private static readonly Lazy<IReadOnlyList<Row>> Rows = new(() => [.. Read(File.ReadLines(Repository.PathOf("docs", "reference", "log-events.md")))]);

    /// <summary>Finds the records of ours that the page has otherwise or not at all.</summary>
    /// <remarks>The framework logs under our names too: a record is ours when the page has its category or its event.</remarks>
    public static IEnumerable<string> ContradictedBy(IEnumerable<LogRecord> records) => records
        .Where(record => record.Category.StartsWith("AspNetSpiffe.", StringComparison.Ordinal))
        .Where(record => Rows.Value.Any(row => row.Category == record.Category || row.Name == record.Event.Name))
        .Where(record => !Rows.Value.Any(row => row.Has(record)))
        .Select(record => $"Not so in docs/reference/log-events.md: {record.Category} {record.Event.Id} {record.Event.Name} {record.Level} {TemplateOf(record)}")
        .Distinct(StringComparer.Ordinal);

    private static string? TemplateOf(LogRecord record) => record.Values.GetValueOrDefault("{OriginalFormat}") as string;

    private static IEnumerable<Row> Read(IEnumerable<string> lines)
    {
        var name = "";
        foreach (var line in lines)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal)) name = line[3..];
            if (RowPattern().Match(line) is { Success: true, Groups: var cells }) yield return new(name, cells[1].Value, cells[2].Value, cells[3].Value.Split(", "), cells[4].Value);
        }
    }

    [GeneratedRegex(@"^\| `(.+?)` \| (\d+) \| ([\w, ]+) \| `(.+)` \|$")]
    private static partial Regex RowPattern();

    private sealed record Row(string Name, string Category, string Id, string[] Levels, string Message)
    {
        public bool Has(LogRecord record) =>
            (Name, Category, Id, Message) == (record.Event.Name, record.Category, $"{record.Event.Id}", TemplateOf(record)) && Levels.Contains($"{record.Level}");
    }
}
