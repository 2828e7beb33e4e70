using System.Globalization;
using System.Xml.Linq;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The packages as build/pack makes them, in a folder that is a feed, and a user who has nothing but the SDK and that feed: the commands of a README run there as they are written.</summary>
public sealed class BuiltPackages : IAsyncLifetime
{
    // For one command: a build on a machine that has much else to do.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(7);

    private readonly string _root = Directory.CreateTempSubdirectory("spiffe-packages-").FullName;

    /// <summary>Gets a version that nobody has in a cache: a release, so that no command needs --prerelease.</summary>
    public string Version { get; } = string.Create(CultureInfo.InvariantCulture, $"0.1.{(long)(DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds}");

    public string Feed => FolderOf("feed");

    /// <summary>Gets where the projects of the user are: what he restores comes from the feed, if it is ours, and otherwise from where this machine has its packages.</summary>
    public string Projects => FolderOf("projects");

    /// <summary>Gets where the temporary files of his programs are.</summary>
    public string Temporary => FolderOf("tmp");

    /// <summary>Gets the environment of the user. Nothing that he installs, restores or builds is in the folders of this machine's user.</summary>
    internal Dictionary<string, string?> Environment => new()
    {
        ["PATH"] = $"{FolderOf("home")}/.dotnet/tools:{System.Environment.GetEnvironmentVariable("PATH")}",
        ["TMPDIR"] = Temporary,
        ["DOTNET_CLI_HOME"] = FolderOf("home"),
        ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false",
        ["DOTNET_ADD_GLOBAL_TOOLS_TO_PATH"] = "false",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["NUGET_PACKAGES"] = FolderOf("packages"),
        ["NUGET_FALLBACK_PACKAGES"] = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
        ["DOTNET_ENVIRONMENT"] = null,
        ["ASPNETCORE_ENVIRONMENT"] = null,
        ["ASPNETCORE_URLS"] = null,
        ["SPIFFE_ENDPOINT_SOCKET"] = null,
    };

    public async ValueTask InitializeAsync()
    {
        var packed = await RunAsync(new() { ["MinVerVersionOverride"] = Version }, Repository.Root, $"build/pack '{Feed}' --no-build");
        Assert.True(packed.ExitCode == 0, packed.All);

        WriteConfig(_root, new XElement("clear"));
        WriteConfig(Projects, new XElement("add", new XAttribute("key", "nuget.org"), new XAttribute("value", "https://api.nuget.org/v3/index.json")));
    }

    /// <summary>Runs commands of the user to their end, from a folder; his tools and templates come from the feed alone.</summary>
    internal Task<ProgramResult> RunAsync(string commands, string? folder = null) => RunAsync(Environment, folder ?? _root, commands);

    /// <summary>Runs commands that must succeed.</summary>
    internal async Task<string> SucceedAsync(string commands, string? folder = null)
    {
        var result = await RunAsync(commands, folder);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }

    /// <summary>Starts a program of the user.</summary>
    internal OutsideProgram Start(string folder, string command, params (string Name, string Value)[] variables)
    {
        var environment = Environment;
        foreach (var (name, value) in variables) environment[name] = value;
        return OutsideProgram.StartWith(environment, "bash", "-c", $"cd '{folder}' && exec {command}");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<ProgramResult> RunAsync(Dictionary<string, string?> environment, string folder, string commands)
    {
        using var patience = new CancellationTokenSource(Patience);
        await using var program = OutsideProgram.StartWith(environment, "bash", "-euo", "pipefail", "-c", $"cd '{folder}'\n{commands}");
        return await program.FinishAsync("", patience.Token);
    }

    private string FolderOf(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    private void WriteConfig(string folder, XElement others) => new XDocument(new XElement(
        "configuration",
        new XElement("packageSources", others, new XElement("add", new XAttribute("key", "built"), new XAttribute("value", Feed))),
        new XElement("packageSourceMapping", Mapping("built", "AspNetSpiffe*"), Mapping("nuget.org", "*")))).Save(Path.Combine(folder, "nuget.config"));

    private static XElement Mapping(string source, string pattern) =>
        new("packageSource", new XAttribute("key", source), new XElement("package", new XAttribute("pattern", pattern)));
}

/// <summary>Tests that use the packages: they are made once, and the tests run one after the other, for each builds with all cores.</summary>
[CollectionDefinition(Name)]
public sealed class UsesPackages : ICollectionFixture<BuiltPackages>
{
    public const string Name = "Packages";
}
