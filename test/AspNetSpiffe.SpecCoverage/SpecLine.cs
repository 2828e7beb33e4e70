namespace AspNetSpiffe.SpecCoverage;

/// <summary>One testable line of the standards, in our own words.</summary>
/// <param name="Id">Its name, which a test carries as <c>[Trait("Spec", "XV-b")]</c>.</param>
/// <param name="Level">The standard's word (MUST, SHOULD…); HARD: nobody asks for it, we do; GAP: the standard leaves it open and we have decided; NOTE: no demand.</param>
/// <param name="Source">The standard and its section; empty where there is none.</param>
/// <param name="Statement">What holds.</param>
/// <param name="NotApplicable">Why there is nothing here that it could bind; empty for a line that counts.</param>
internal sealed record SpecLine(string Id, string Level, string Source, string Statement, string NotApplicable)
{
    private static readonly string[] Levels = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "HARD", "GAP", "NOTE"];

    public bool Applies => NotApplicable.Length == 0;

    /// <summary>Gets whether it must be held by a test, whatever the share of the rest.</summary>
    public bool IsRequired => Level is "MUST" or "MUST NOT" or "HARD";

    public Section Section => Section.Of(Id);

    /// <summary>Reads the list: a head line, then one line each, fields between tabs.</summary>
    /// <exception cref="FormatException">A line has another shape, an unknown level or section, or an id for the second time.</exception>
    public static IReadOnlyList<SpecLine> Read(string path)
    {
        var lines = File.ReadLines(path).Skip(1).Select(text => Parse(path, text)).ToList();
        var twice = lines.CountBy(line => line.Id).Where(pair => pair.Value > 1).Select(pair => pair.Key).ToList();
        return twice.Count == 0 ? lines : throw new FormatException($"{path}: twice: {string.Join(", ", twice)}.");
    }

    private static SpecLine Parse(string path, string text) => text.Split('\t') is [var id, var level, var source, var statement, var reason]
        && Levels.Contains(level) && statement.Length > 0 && Section.IsKnown(id)
        ? new(id, level, source, statement, reason)
        : throw new FormatException($"{path}: five fields between tabs are id, level, source, statement, and why it does not apply: {text}");
}
