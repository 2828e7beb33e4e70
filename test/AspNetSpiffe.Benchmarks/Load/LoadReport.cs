using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a load run has measured, as Markdown.</summary>
internal static class LoadReport
{
    public const string Nginx = "nginx", Baseline = "Kestrel, CertificateChainPolicy";

    public static string Write(Case[] cases, Dictionary<Contender, List<Sample>> samples, int rounds, DateTimeOffset begin)
    {
        var text = new StringBuilder();
        var minutes = (TimeProvider.System.GetUtcNow() - begin).TotalMinutes;
        text.AppendLine(Invariant($"Run of {begin:yyyy-MM-dd HH:mm} UTC, {rounds} rounds in {minutes:0.0} minutes, commit {Commit()}."));
        text.AppendLine(Invariant($"{Environment.ProcessorCount} × {Processor()}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}."));
        foreach (var one in cases)
        {
            text.AppendLine().AppendLine(Invariant($"### {one.Name}")).AppendLine();
            text.AppendLine("| contender | server CPU, µs each (min / median / max) | × baseline, same round | × nginx, same round | server's core | generator's core |");
            text.AppendLine("|---|---|---|---|---|---|");
            foreach (var contender in one.Contenders)
            {
                var own = samples[contender];
                text.AppendLine(Invariant($"| {contender.Name} | {Spread(own.Select(s => s.Microseconds), "0")} | {Ratio(Baseline)} | {Ratio(Nginx)} | {Median(own.Select(s => s.ServerShare)):P0} | {Median(own.Select(s => s.GeneratorShare)):P0} |"));

                string Ratio(string name) => one.Contenders.FirstOrDefault(c => c.Name == name) is { } other
                    ? Spread(own.Zip(samples[other], (a, b) => a.Microseconds / b.Microseconds), "0.00")
                    : "";
            }
        }

        return text.ToString();
    }

    private static string Spread(IEnumerable<double> values, string format) =>
        string.Join(" / ", new[] { values.Min(), Median(values), values.Max() }.Select(v => v.ToString(format, CultureInfo.InvariantCulture)));

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
