using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a load run has measured, as Markdown.</summary>
internal sealed class LoadReport(Dictionary<Contender, List<Sample>> samples)
{
    private readonly StringBuilder _text = new();

    public string Write(IEnumerable<Case> cases, int rounds, DateTimeOffset begin, string memory)
    {
        var minutes = (TimeProvider.System.GetUtcNow() - begin).TotalMinutes;
        _text.AppendLine(Invariant($"Run of {begin:yyyy-MM-dd HH:mm} UTC: {rounds} rounds in {minutes:0.0} minutes, commit {Commit()}."));
        _text.AppendLine(Invariant($"{Environment.ProcessorCount} cores of {Processor()}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}."));
        foreach (var one in cases) WriteCase(one);
        return _text.AppendLine().AppendLine(memory).ToString();
    }

    private void WriteCase(Case one)
    {
        List<(string Title, Func<Contender, string> Cell)> columns =
        [
            (one.Name, c => c.Name),
            ("server CPU, µs each", c => Spread(Of(c), "0.0")),
            .. one.References.Select(name => one.IsOfRequests ? ($"µs more than {name}", Compare(one, name, (a, b) => a - b, "+0.0;-0.0", "0")) : ($"× {name}", Compare(one, name, (a, b) => a / b, "0.00", "1"))),
            ("allocated, bytes each", c => samples[c][0].Bytes is null ? "" : Invariant($"{Median(samples[c].Select(s => s.Bytes!.Value)):N0}")),
            ("server's core", c => Percent(samples[c].Select(s => s.ServerShare))),
            ("generator's core", c => Percent(samples[c].Select(s => s.GeneratorShare))),
        ];
        _text.AppendLine();
        Row(columns.Select(c => c.Title));
        Row(columns.Select(_ => "---"));
        foreach (var contender in one.Contenders) Row(columns.Select(c => c.Cell(contender)));
    }

    // Of the same round: what disturbs the machine disturbs both.
    private Func<Contender, string> Compare(Case one, string name, Func<double, double, double> compare, string format, string same)
    {
        var reference = one.Contenders.Single(c => c.Name == name);
        return c => c == reference ? same : Spread(Of(c).Zip(Of(reference), compare), format);
    }

    private IEnumerable<double> Of(Contender contender) => samples[contender].Select(s => s.Microseconds);

    private void Row(IEnumerable<string> cells) => _text.AppendLine($"| {string.Join(" | ", cells)} |");

    private static string Spread(IEnumerable<double> values, string format) =>
        string.Join(" / ", new[] { values.Min(), Median(values), values.Max() }.Select(v => v.ToString(format, CultureInfo.InvariantCulture)));

    private static string Percent(IEnumerable<double> shares) => Invariant($"{100 * Median(shares):0} %");

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty", "--exclude=*"]) { RedirectStandardOutput = true })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
