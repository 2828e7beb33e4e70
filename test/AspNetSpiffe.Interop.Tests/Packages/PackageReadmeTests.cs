using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The readme of each library: its block compiles with the usings that it shows, in a project with the package.</summary>
[Collection(UsesPackages.Name)]
public sealed partial class PackageReadmeTests(BuiltPackages packages)
{
    private static readonly string[] Compiled = ["AspNetSpiffe.DevAgent", "AspNetSpiffe.SignalR.Client", "AspNetSpiffe.Testing", "AspNetSpiffe.Workload", "AspNetSpiffe.Yarp"];

    [Fact]
    public void The_package_AspNetSpiffe_shows_the_block_that_README_shows() =>
        Assert.Equal(ReadmeBlocks.Read(File.ReadAllText(Repository.PathOf("README.md")), "csharp")[0], BlockOf("AspNetSpiffe"));

    [Fact]
    public async Task The_blocks_of_the_others_compile()
    {
        var folder = Directory.CreateDirectory(Path.Combine(packages.Projects, "blocks")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "Blocks.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <FrameworkReference Include="Microsoft.AspNetCore.App" />
                {string.Concat(Compiled.Select(id => $"""<PackageReference Include="{id}" Version="{packages.Version}" />"""))}
              </ItemGroup>
            </Project>
            """);
        foreach (var id in Compiled) await File.WriteAllTextAsync(Path.Combine(folder, $"{id}.cs"), Wrap(id));
        await packages.SucceedAsync("dotnet build", folder);
    }

    // A project has one file with statements at the top: here each block has a method, and keeps its own usings.
    private static string Wrap(string id)
    {
        var block = BlockOf(id);
        var usings = string.Concat(Using().Matches(block).Select(directive => directive.Value));
        return $$"""
            {{usings}}
            namespace BlockOf{{id.Split('.')[1]}};

            public sealed class Program
            {
                public static async Task RunAsync(string[] args)
                {
                    _ = args;
                    {{Using().Replace(block, "")}}
                }
            }
            """;
    }

    private static string BlockOf(string id) => Assert.Single(ReadmeBlocks.Read(File.ReadAllText(Repository.PathOf("src", id, "README.md")), "csharp"));

    [GeneratedRegex("^using [A-Z][A-Za-z.]+;\n", RegexOptions.Multiline)]
    private static partial Regex Using();
}
