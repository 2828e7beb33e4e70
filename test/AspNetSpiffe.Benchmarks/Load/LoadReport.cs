using System.Globalization;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a load run has measured.</summary>
internal sealed class LoadReport(Dictionary<Contender, List<Sample>> samples)
{
    private readonly Markdown _text = new();

    public async Task WriteAsync(LoadCases cases, string what, DateTimeOffset begin, string? file)
    {
        _text.AddRun(begin, what);
        foreach (var one in cases.All) Add(one);
        if (cases.Memory is not null) _text.AddParagraph($"{cases.Memory}");
        await _text.WriteAsync(file);
    }

    private void Add(Case one)
    {
        List<(string Title, Func<Contender, string> Cell)> columns =
        [
            (one.Name, c => c.Name),
            ("server CPU, µs each", c => Markdown.Spread(Of(c), "0.0")),
            .. one.References.Select(name => one.IsOfRequests && name == one.References[0]
                ? ($"µs more than {name}", Compare(one, name, (a, b) => a - b, "+0.0;-0.0", "0")) : ($"× {name}", Compare(one, name, (a, b) => a / b, "0.00", "1"))),
            ("allocated, bytes each", c => samples[c][0].Bytes is null ? "" : Invariant($"{Markdown.Median(samples[c].Select(s => s.Bytes!.Value)):N0}")),
            ("server's core", c => Percent(samples[c].Select(s => s.ServerShare))),
            ("generator's core", c => Percent(samples[c].Select(s => s.GeneratorShare))),
        ];
        _text.AddTable(columns.Select(c => c.Title), one.Contenders.Select(contender => columns.Select(c => c.Cell(contender))));
    }

    // Of the same round: what disturbs the machine disturbs both.
    private Func<Contender, string> Compare(Case one, string name, Func<double, double, double> compare, string format, string same)
    {
        var reference = one.Contenders.Single(c => c.Name == name);
        return c => c == reference ? same : Markdown.Spread(Of(c).Zip(Of(reference), compare), format);
    }

    private IEnumerable<double> Of(Contender contender) => samples[contender].Select(s => s.Microseconds);

    private static string Percent(IEnumerable<double> shares) => Invariant($"{100 * Markdown.Median(shares):0} %");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
