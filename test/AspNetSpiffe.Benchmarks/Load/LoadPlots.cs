using System.Globalization;
using AspNetSpiffe.Plots;

namespace AspNetSpiffe.Benchmarks;

/// <summary>What a load run has measured, as pictures.</summary>
internal sealed class LoadPlots(Dictionary<Contender, List<Sample>> samples, int rounds)
{
    /// <summary>Writes handshakes.svg and requests.svg, each if it was measured.</summary>
    public async Task WriteAsync(IEnumerable<Case> cases, string folder)
    {
        Directory.CreateDirectory(folder);
        var handshakes = new Bars(
            "What a full handshake costs the server",
            $"TLS 1.3, P-256, client certificate verified, one request. Medians of {rounds} rounds, whiskers from the least to the most; × of the same round.",
            "µs of server CPU for each handshake");
        var requests = new Bars(
            "What a request costs on top of plain mutual TLS",
            $"Kept connections. Medians of {rounds} rounds, whiskers from the least to the most; differences of the same round.",
            "µs of server CPU more for each request");
        foreach (var one in cases)
            if (one.IsOfRequests) requests.Add(Title(one), one.Contenders.Where(c => c.Name != one.References[0]).Select(c => Difference(one, c)));
            else handshakes.Add(Title(one), one.Contenders.Select(c => Ratio(one, c)));

        if (!handshakes.IsEmpty) await handshakes.WriteAsync(Path.Combine(folder, "handshakes.svg"));
        if (!requests.IsEmpty) await requests.WriteAsync(Path.Combine(folder, "requests.svg"));
    }

    private string Title(Case one) => Capital(one.Name) + (one.IsOfRequests
        ? string.Create(CultureInfo.InvariantCulture, $": more than the {Markdown.Median(Of(Reference(one))):0.0} µs of {one.References[0]}")
        : $": × {one.References[0]}");

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private Bar Ratio(Case one, Contender contender)
    {
        var ratio = Markdown.Median(Of(contender).Zip(Of(Reference(one)), (a, b) => a / b));
        return BarOf(contender, Of(contender), string.Create(CultureInfo.InvariantCulture, $"{Markdown.Median(Of(contender)):#,0} µs · {ratio:0.00} ×"), contender == Reference(one));
    }

    private Bar Difference(Case one, Contender contender)
    {
        double[] more = [.. Of(contender).Zip(Of(Reference(one)), (a, b) => a - b)];
        return BarOf(contender, more, Markdown.Median(more).ToString("+0.0 µs;-0.0 µs", CultureInfo.InvariantCulture), isReference: false);
    }

    private static Bar BarOf(Contender contender, IEnumerable<double> values, string label, bool isReference)
    {
        var colour = contender.Server.IsOurs ? Svg.Blue : isReference ? Svg.Soft : Svg.Grey;
        return new(contender.Name, values.Min(), Markdown.Median(values), values.Max(), label, colour);
    }

    private static Contender Reference(Case one) => one.Contenders.Single(c => c.Name == one.References[0]);

    private IEnumerable<double> Of(Contender contender) => samples[contender].Select(s => s.Microseconds);
}
