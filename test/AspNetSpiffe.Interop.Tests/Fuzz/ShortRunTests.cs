using AspNetSpiffe.TestKit;
using System.Globalization;

namespace AspNetSpiffe.InteropTests;

/// <summary>A few seconds of the fuzzer with a new seed each time; a finding names its seed and its input.</summary>
public sealed class ShortRunTests(ITestOutputHelper output) : InteropTest(output)
{
    private readonly ITestOutputHelper _output = output;

    [Fact]
    public async Task Nothing_is_found_in_a_short_run_with_a_random_seed()
    {
        var seed = Random.Shared.Next().ToString(CultureInfo.InvariantCulture);
        await using var fuzz = BuiltProgram.Start([], "AspNetSpiffe.Fuzz", "AspNetSpiffe.Fuzz", "--seconds", "3", "--seed", seed);
        var result = await fuzz.FinishAsync("", Patience);
        _output.WriteLine(result.All);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("nothing found", result.Output, StringComparison.Ordinal);
    }
}
