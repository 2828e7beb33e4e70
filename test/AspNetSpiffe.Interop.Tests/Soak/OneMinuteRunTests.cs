using AspNetSpiffe.TestKit;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AspNetSpiffe.InteropTests;

/// <summary>One minute of the soak with a new seed each time; a broken promise names the fault that was under way.</summary>
[Collection(Alone.Name)]
public sealed partial class OneMinuteRunTests(ITestOutputHelper output) : InteropTest(output)
{
    private readonly ITestOutputHelper _output = output;

    [Theory, Trait("Trial", "H-01")]
    [InlineData("--foreign", "throws", "--files")]
    [InlineData("--foreign", "blocks")]
    public async Task Every_promise_is_kept_for_a_minute_of_load_and_faults(params string[] surroundings)
    {
        var seed = Random.Shared.Next().ToString(CultureInfo.InvariantCulture);
        var plot = Path.Combine(Folder, "soak.svg");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var soak = BuiltProgram.Start([], "AspNetSpiffe.Soak", "AspNetSpiffe.Soak", ["--minutes", "1", "--seed", seed, "--plot", plot, .. surroundings]);
        var result = await soak.FinishAsync("", patience.Token);
        _output.WriteLine(result.All);

        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("every promise was kept", result.Output, StringComparison.Ordinal);
        Assert.InRange(Count(result.Output, "rotations"), 10, int.MaxValue);
        Assert.InRange(Count(result.Output, "agent killed"), 1, int.MaxValue);
        Assert.InRange(Count(result.Output, "CA replaced"), 1, int.MaxValue);
        Assert.InRange(Count(result.Output, "connections that outlived an SVID of their callers"), 4, int.MaxValue);
        if (surroundings.Contains("--files")) Assert.InRange(Count(result.Output, "files torn"), 1, int.MaxValue);
        if (surroundings is ["--foreign", ..]) Assert.InRange(Count(result.Output, "calls of others' code that misbehaved"), 50, int.MaxValue);
        Assert.StartsWith("<svg", await File.ReadAllTextAsync(plot), StringComparison.Ordinal);
    }

    private static int Count(string report, string what) =>
        int.Parse(ReportLine().Matches(report).Single(m => m.Groups["what"].Value == what).Groups["count"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<what>\w.*?)\s{2,}(?<count>[\d,]+)\r?$", RegexOptions.Multiline)]
    private static partial Regex ReportLine();
}
