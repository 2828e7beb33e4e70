using System.Diagnostics;
using System.IO.Compression;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Analyzers.Tests;

/// <summary>The package AspNetSpiffe brings the analyzers along, and a project that refers to it is checked by them.</summary>
public sealed class PackageTests(ITestOutputHelper output, PackageTests.Packages packages) : IClassFixture<PackageTests.Packages>
{
    private const string Program = """
        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder(args);
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = ["spiffe://example.org"]);
        builder.Build().Run();

        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_analyzers_are_where_the_compiler_looks_for_them_and_nothing_of_them_is_referred_to()
    {
        await using var package = await ZipFile.OpenReadAsync(packages.AspNetSpiffe, Cancellation);
        Assert.Equal(
            ["analyzers/dotnet/cs/AspNetSpiffe.Analyzers.dll", "analyzers/dotnet/cs/AspNetSpiffe.CodeFixes.dll"],
            package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("analyzers/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(["lib/net10.0/AspNetSpiffe.dll"], package.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("lib/", StringComparison.Ordinal) && name.EndsWith(".dll", StringComparison.Ordinal)));

        using var reader = new StreamReader(await package.GetEntry("AspNetSpiffe.nuspec")!.OpenAsync(Cancellation));
        var specification = await reader.ReadToEndAsync(Cancellation);
        Assert.Contains("id=\"AspNetSpiffe.Workload\"", specification, StringComparison.Ordinal);
        Assert.DoesNotContain("AspNetSpiffe.Analyzers", specification, StringComparison.Ordinal);
        Assert.DoesNotContain("AspNetSpiffe.CodeFixes", specification, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_project_with_the_package_gets_the_diagnostic_when_it_is_built()
    {
        var folder = Directory.CreateTempSubdirectory("spiffe-analyzers-").FullName;
        try
        {
            // Ours come from the folder; the others are in the cache already, for this test was restored with them.
            await WriteAsync("nuget.config", $"""<configuration><packageSources><clear /><add key="built" value="{packages.Folder}" /></packageSources></configuration>""");
            await WriteAsync("Program.cs", Program);
            await WriteAsync("App.csproj", $"""
                <Project Sdk="Microsoft.NET.Sdk.Web">
                  <PropertyGroup>
                    <TargetFramework>net10.0</TargetFramework>
                    <ImplicitUsings>enable</ImplicitUsings>
                    <RestorePackagesPath>{Path.Combine(folder, "restored")}</RestorePackagesPath>
                    <RestoreFallbackFolders>{packages.Cache}</RestoreFallbackFolders>
                    <UseAppHost>false</UseAppHost>
                  </PropertyGroup>
                  <ItemGroup>
                    <PackageReference Include="AspNetSpiffe" Version="{packages.Version}" />
                  </ItemGroup>
                </Project>
                """);

            var (exitCode, text) = await Dotnet.RunAsync(folder, "build", "-nodeReuse:false", "-p:UseSharedCompilation=false");
            output.WriteLine(text);
            Assert.Equal(0, exitCode);

            // Behind the last character of the literal.
            Assert.Contains("Program.cs(2,87): warning ASPS001: The pattern 'spiffe://example.org' has no path at position 20; add '/**' to match every workload of the trust domain.", text, StringComparison.Ordinal);
            Assert.Contains("docs/analyzers/ASPS001.md", text, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Task WriteAsync(string name, string content) => File.WriteAllTextAsync(Path.Combine(folder, name), content, Cancellation);
    }

    /// <summary>The two packages, made of what was built for these tests.</summary>
    public sealed class Packages : IAsyncLifetime
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("spiffe-packages-").FullName;

        /// <summary>Gets the folder into which NuGet unpacks what it restores.</summary>
        public string Cache { get; private set; } = "";

        public string AspNetSpiffe => Directory.GetFiles(Folder, "AspNetSpiffe.*.nupkg").Single(file => !Path.GetFileName(file).StartsWith("AspNetSpiffe.Workload.", StringComparison.Ordinal));

        public string Version => Path.GetFileNameWithoutExtension(AspNetSpiffe)["AspNetSpiffe.".Length..];

        public async ValueTask InitializeAsync()
        {
            // …/bin/AspNetSpiffe.Analyzers.Tests/release/
            var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
            foreach (var project in new[] { "AspNetSpiffe.Workload", "AspNetSpiffe" })
            {
                var (exitCode, text) = await Dotnet.RunAsync(Repository.Root, "pack", Repository.PathOf("src", project), "--no-build", "--configuration", configuration, "--output", Folder, "-nodeReuse:false");
                Assert.True(exitCode == 0, text);
            }

            Cache = (await Dotnet.RunAsync(Repository.Root, "nuget", "locals", "global-packages", "--list")).Output.Split("global-packages:")[1].Trim();
        }

        public ValueTask DisposeAsync()
        {
            Directory.Delete(Folder, recursive: true);
            return ValueTask.CompletedTask;
        }
    }

    private static class Dotnet
    {
        public static async Task<(int ExitCode, string Output)> RunAsync(string folder, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
            try
            {
                var text = await process.StandardOutput.ReadToEndAsync(Cancellation);
                await process.WaitForExitAsync(Cancellation);
                return (process.ExitCode, text);
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
            }
        }
    }
}
