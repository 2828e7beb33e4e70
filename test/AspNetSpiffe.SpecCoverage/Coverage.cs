namespace AspNetSpiffe.SpecCoverage;

/// <summary>Which tests hold which lines.</summary>
internal sealed class Coverage
{
    private readonly ILookup<string, string> _tests;

    public Coverage(IReadOnlyList<SpecLine> lines, IEnumerable<SpecTest> tests)
    {
        Lines = lines;
        _tests = tests.Distinct().OrderBy(test => test.Name, StringComparer.Ordinal).ToLookup(test => test.Id, test => test.Name);
    }

    public IReadOnlyList<SpecLine> Lines { get; }

    /// <summary>Gets ids that tests carry and the list does not have.</summary>
    public IReadOnlyList<string> Unknown => [.. _tests.Select(t => t.Key).Except(Lines.Select(line => line.Id)).Select(id => $"{id} ({_tests[id].First()})")];

    /// <summary>Gets what the target lacks: each required line, and more of the rest than one in ten of a section.</summary>
    public IEnumerable<string> Missing
    {
        get
        {
            foreach (var section in Section.All.Where(section => section.HasTarget))
            {
                var open = Lines.Where(line => line.Section == section && line.Applies && !IsHeld(line)).ToList();
                foreach (var line in open.Where(line => line.IsRequired)) yield return $"{line.Id} ({line.Level}): {line.Statement}";

                var rest = Lines.Count(line => line.Section == section && line.Applies && !line.IsRequired);
                var openRest = open.Where(line => !line.IsRequired).Select(line => line.Id).ToList();
                if (openRest.Count * 10 > rest) yield return $"section {section.Number} holds less than 90 % of its other lines: {string.Join(", ", openRest)}";
            }
        }
    }

    public IReadOnlyList<string> TestsOf(SpecLine line) => [.. _tests[line.Id]];

    public bool IsHeld(SpecLine line) => _tests.Contains(line.Id);

    /// <summary>Counts a section: its lines that are held, those that count, and those that do not apply; held and counted once more for the required ones.</summary>
    public (int Held, int All, int NotApplicable, int RequiredHeld, int Required) Count(Section section)
    {
        var lines = Lines.Where(line => line.Section == section).ToList();
        var binding = lines.Where(line => line.Applies).ToList();
        var required = binding.Where(line => line.IsRequired).ToList();
        return (binding.Count(IsHeld), binding.Count, lines.Count - binding.Count, required.Count(IsHeld), required.Count);
    }
}
