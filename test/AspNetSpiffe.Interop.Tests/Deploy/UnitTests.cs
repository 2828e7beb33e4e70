using AspNetSpiffe.TestKit;
namespace AspNetSpiffe.InteropTests;

/// <summary>The unit of systemd, read by systemd itself.</summary>
public sealed class UnitTests(ITestOutputHelper output) : InteropTest(output)
{
    private static readonly string Unit = Manifests.PathOf("systemd/orders.service");

    [Fact]
    public async Task Systemd_finds_nothing_wrong_with_the_unit()
    {
        // The program of the unit is not on this machine.
        var copy = Path.Combine(Folder, "orders.service");
        var unit = await File.ReadAllTextAsync(Unit, Patience);
        await File.WriteAllTextAsync(copy, unit.Replace("/usr/bin/dotnet /opt/orders/orders.dll", "/bin/true", StringComparison.Ordinal), Patience);
        var right = await AnalyzeAsync("verify", copy);
        Assert.True(right is { ExitCode: 0, Errors: "" }, right.All);

        await File.WriteAllTextAsync(copy, unit.Replace("ProtectHome=", "ProtectHomes=", StringComparison.Ordinal), Patience);
        Assert.Contains("Unknown key 'ProtectHomes'", (await AnalyzeAsync("verify", copy)).Errors, StringComparison.Ordinal);
    }

    // Of ten; what is left is the network.
    [Fact]
    public async Task Systemd_calls_the_exposure_of_the_unit_less_than_two()
    {
        var result = await AnalyzeAsync("security", "--offline=yes", "--threshold=20", Unit);
        Assert.True(result.ExitCode == 0, result.All);
    }

    private Task<ProgramResult> AnalyzeAsync(params string[] arguments) => OutsideProgram.RunAsync("systemd-analyze", arguments, "", Patience);
}
