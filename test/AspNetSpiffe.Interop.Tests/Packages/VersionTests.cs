using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The version of the packages, in clones of all kinds: it comes from a tag, and no clone fails for the lack of one.</summary>
public sealed class VersionTests(ITestOutputHelper output) : InteropTest(output)
{
    private const string Project = "src/AspNetSpiffe.Workload";

    private static readonly string[] Settings =
        ["Directory.Build.props", "Directory.Packages.props", "src/Directory.Build.props", "src/Directory.Build.targets", $"{Project}/AspNetSpiffe.Workload.csproj"];

    [Fact]
    public async Task A_tag_is_the_version_and_between_tags_there_are_previews()
    {
        var clone = await CommitAsync();
        Assert.Equal("0.1.0-preview.0.1", await VersionOfAsync(clone));
        await GitAsync(clone, "tag v0.1.0");
        Assert.Equal("0.1.0", await VersionOfAsync(clone));
        await GitAsync(clone, "commit --quiet --allow-empty --message third");
        Assert.Equal("0.1.1-preview.0.1", await VersionOfAsync(clone));
    }

    [Fact]
    public async Task A_clone_without_history_or_without_git_has_a_version()
    {
        var clone = await CommitAsync();
        await GitAsync(Folder, $"clone --quiet --depth 1 'file://{clone}' shallow");
        Assert.StartsWith("0.1.0-preview.0", await VersionOfAsync(Path.Combine(Folder, "shallow")), StringComparison.Ordinal);

        Directory.Delete(Path.Combine(clone, ".git"), recursive: true);
        Assert.Equal("0.1.0-preview.0", await VersionOfAsync(clone));
    }

    private async Task<string> CommitAsync()
    {
        var clone = Path.Combine(Folder, "clone");
        foreach (var file in Settings)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(clone, file))!);
            File.Copy(Repository.PathOf(file), Path.Combine(clone, file));
        }

        await GitAsync(clone, "init --quiet");
        await GitAsync(clone, "add .");
        await GitAsync(clone, "commit --quiet --message first");
        await GitAsync(clone, "commit --quiet --allow-empty --message second");
        return clone;
    }

    private Task<string> GitAsync(string folder, string command) => RunAsync($"git -C '{folder}' -c user.name=Test -c user.email=test@example.org {command}");

    // What was restored here serves it: the project is the same.
    private async Task<string> VersionOfAsync(string clone) =>
        (await RunAsync($"dotnet msbuild '{clone}/{Project}' -t:MinVer -getProperty:PackageVersion -p:ArtifactsPath='{Repository.PathOf("artifacts")}'")).Trim();

    private async Task<string> RunAsync(string command)
    {
        // The build of these tests may have been told its version.
        await using var program = OutsideProgram.StartWith(new() { ["MinVerVersionOverride"] = null }, "bash", "-c", command);
        var result = await program.FinishAsync("", Patience);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
