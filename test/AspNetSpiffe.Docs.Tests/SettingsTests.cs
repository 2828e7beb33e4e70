using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.DocsTests;

/// <summary>The settings that the guides show, as the tool checks them.</summary>
public sealed class SettingsTests(ITestOutputHelper output) : ProgramTest(output)
{
    public static TheoryData<string> Files => [.. Directory.EnumerateFiles(Repository.PathOf("samples", "Docs"), "*.json").Select(file => Path.GetFileName(file)).Where(name => name is not ("packages.lock.json" or "yarp.json"))];

    [Theory, MemberData(nameof(Files))]
    public async Task The_settings_of_a_guide_are_accepted(string file)
    {
        // A bundle that a setting names must be there.
        using var factory = new DevCertificateAuthority(TrustDomain.Parse("factory.example"));
        var bundle = Path.Combine(Folder, "factory.example.pem");
        await File.WriteAllTextAsync(bundle, factory.Root.ExportCertificatePem(), Patience);
        var settings = Path.Combine(Folder, file);
        await File.WriteAllTextAsync(settings, (await File.ReadAllTextAsync(Repository.PathOf("samples", "Docs", file), Patience)).Replace("/etc/spiffe/factory.example.json", bundle, StringComparison.Ordinal), Patience);

        await using var check = BuiltProgram.Start([], "AspNetSpiffe.Cli", "aspnet-spiffe", "check", settings);
        var result = await check.FinishAsync("", Patience);
        Assert.True(result.ExitCode == 0, result.All);
    }
}
