using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>A report as Markdown: when and where, tables, sentences.</summary>
internal sealed class Markdown
{
    private readonly StringBuilder _text = new();

    /// <summary>Says when the run was, of what, and on which machine.</summary>
    public void AddRun(DateTimeOffset begin, string what)
    {
        var minutes = (TimeProvider.System.GetUtcNow() - begin).TotalMinutes;
        AddParagraph(
            $"Run of {begin:yyyy-MM-dd HH:mm} UTC: {what} in {minutes:0.0} minutes, commit {Commit()}.",
            $"{Environment.ProcessorCount} cores of {Processor()}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}.");
    }

    public void AddParagraph(params FormattableString[] lines)
    {
        Begin();
        foreach (var line in lines) _text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }

    public void AddTable(IEnumerable<string> titles, IEnumerable<IEnumerable<string>> rows)
    {
        Begin();
        AddRow(titles);
        AddRow(titles.Select(_ => "---"));
        foreach (var row in rows) AddRow(row);
    }

    /// <summary>Prints the report, and writes the file if there is one to write.</summary>
    public async Task WriteAsync(string? file)
    {
        Console.WriteLine(_text);
        if (file is not null) await File.WriteAllTextAsync(file, _text.ToString());
    }

    /// <summary>Gives min / median / max.</summary>
    public static string Spread(IEnumerable<double> values, string format)
    {
        var sorted = values.Order().ToArray();
        return string.Join(" / ", new[] { sorted[0], Median(sorted), sorted[^1] }.Select(v => v.ToString(format, CultureInfo.InvariantCulture)));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    // An empty line between blocks.
    private void Begin()
    {
        if (_text.Length > 0) _text.AppendLine();
    }

    private void AddRow(IEnumerable<string> cells) => _text.AppendLine($"| {string.Join(" | ", cells)} |");

    private static string Processor() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty", "--exclude=*"]) { RedirectStandardOutput = true })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }
}
