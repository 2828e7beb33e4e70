using System.Globalization;
using System.Text;

namespace AspNetSpiffe.SpecCoverage;

/// <summary>docs/conformance.md: what <c>page.md</c> says, with the tables in their places.</summary>
internal static class ConformancePage
{
    private const int MostTests = 3;

    public static string Write(string template, Coverage coverage) => template
        .Replace("{sections}", Sections(coverage), StringComparison.Ordinal)
        .Replace("{lines}", Lines(coverage), StringComparison.Ordinal)
        .Replace("{not applicable}", NotApplicable(coverage), StringComparison.Ordinal);

    private static string Sections(Coverage coverage)
    {
        var text = new StringBuilder("| section | held | lines | MUST and HARD held | of | do not apply |\n|---|---|---|---|---|---|\n");
        foreach (var section in Section.All)
        {
            var (held, all, notApplicable, requiredHeld, required) = coverage.Count(section);
            text.Append(CultureInfo.InvariantCulture, $"| {section.Number} {section.Title} | {held} | {all} | {requiredHeld} | {required} | {notApplicable} |\n");
        }

        return text.ToString().TrimEnd();
    }

    private static string Lines(Coverage coverage)
    {
        var text = new StringBuilder();
        foreach (var section in Section.All)
        {
            var lines = coverage.Lines.Where(line => line.Section == section && line.Applies).ToList();
            if (lines.Count == 0) continue;

            text.Append(CultureInfo.InvariantCulture, $"### {section.Number} {section.Title}\n\n| id | level | what holds | source | held by |\n|---|---|---|---|---|\n");
            foreach (var line in lines) text.Append(CultureInfo.InvariantCulture, $"| {line.Id} | {line.Level} | {line.Statement} | {line.Source} | {Tests(coverage.TestsOf(line))} |\n");
            text.Append('\n');
        }

        return text.ToString().TrimEnd();
    }

    private static string NotApplicable(Coverage coverage)
    {
        var text = new StringBuilder("| id | level | what it asks | why it does not apply |\n|---|---|---|---|\n");
        foreach (var line in coverage.Lines.Where(line => !line.Applies)) text.Append(CultureInfo.InvariantCulture, $"| {line.Id} | {line.Level} | {line.Statement} | {line.NotApplicable} |\n");
        return text.ToString().TrimEnd();
    }

    private static string Tests(IReadOnlyList<string> tests) => tests.Count switch
    {
        0 => "–",
        > MostTests => $"{Names(tests.Take(MostTests))} and {tests.Count - MostTests} more",
        _ => Names(tests),
    };

    private static string Names(IEnumerable<string> tests) => string.Join(", ", tests.Select(test => $"`{test}`"));
}
