using AspNetSpiffe.TestKit;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AspNetSpiffe.InteropTests;

/// <summary>One minute of the soak with a new seed each time; a broken promise names the fault that was under way.</summary>
[Collection(Alone.Name)]
public sealed partial class OneMinuteRunTests(ITestOutputHelper output, OneMinuteRunTests.Runs runs) : InteropTest(output), IClassFixture<OneMinuteRunTests.Runs>
{
    private const string Throws = "--foreign throws --files", Blocks = "--foreign blocks";

    private readonly ITestOutputHelper _output = output;

    [Theory, Trait("Trial", "H-01")]
    [InlineData(Throws)]
    [InlineData(Blocks)]
    public async Task Every_promise_is_kept_for_a_minute_of_load_and_faults(string surroundings)
    {
        var (result, plot) = await runs.FindAsync(surroundings);
        _output.WriteLine(result.All);

        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("every promise was kept", result.Output, StringComparison.Ordinal);
        Assert.InRange(Count(result.Output, "rotations"), 10, int.MaxValue);
        Assert.InRange(Count(result.Output, "agent killed"), 1, int.MaxValue);
        Assert.InRange(Count(result.Output, "CA replaced"), 1, int.MaxValue);
        Assert.InRange(Count(result.Output, "connections that outlived an SVID of their callers"), 4, int.MaxValue);
        if (surroundings.Contains("--files", StringComparison.Ordinal)) Assert.InRange(Count(result.Output, "files torn"), 1, int.MaxValue);
        Assert.InRange(Count(result.Output, "calls of others' code that misbehaved"), 50, int.MaxValue);
        Assert.StartsWith("<svg", await File.ReadAllTextAsync(plot), StringComparison.Ordinal);
    }

    private static int Count(string report, string what) =>
        int.Parse(ReportLine().Matches(report).Single(m => m.Groups["what"].Value == what).Groups["count"].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<what>\w.*?)\s{2,}(?<count>[\d,]+)\r?$", RegexOptions.Multiline)]
    private static partial Regex ReportLine();

    /// <summary>Both runs, at the same time: most of a run is waiting for what must come.</summary>
    public sealed class Runs : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("spiffe-soak-").FullName;
        private readonly CancellationTokenSource _patience = new();
        private readonly Dictionary<string, Task<(ProgramResult Result, string Plot)>> _runs = [];

        /// <summary>Gives the result of one of them, when it has ended.</summary>
        public Task<(ProgramResult Result, string Plot)> FindAsync(string surroundings)
        {
            if (_runs.Count == 0)
            {
                _patience.CancelAfter(HangLimit.OfATest);
                foreach (var each in (string[])[Throws, Blocks]) _runs[each] = RunAsync(each, Path.Combine(_folder, $"{_runs.Count}.svg"));
            }

            return _runs[surroundings];
        }

        public async ValueTask DisposeAsync()
        {
            await _patience.CancelAsync();
            await ((Task)Task.WhenAll(_runs.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _patience.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private async Task<(ProgramResult Result, string Plot)> RunAsync(string surroundings, string plot)
        {
            var seed = Random.Shared.Next().ToString(CultureInfo.InvariantCulture);
            await using var soak = BuiltProgram.Start([], "AspNetSpiffe.Soak", "AspNetSpiffe.Soak", ["--minutes", "1", "--seed", seed, "--plot", plot, .. surroundings.Split(' ')]);
            return (await soak.FinishAsync("", _patience.Token), plot);
        }
    }
}
