using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Conventions;

/// <summary>What the shipped code may depend on, and how long its files may be.</summary>
public sealed class DependencyTests
{
    private const int MaxLines = 350;

    public static TheoryData<string> Projects =>
        [.. Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.Root, file))];

    [Theory, MemberData(nameof(Projects))]
    public void The_tools_that_generate_code_are_shipped_with_nothing(string project) => Assert.Empty(ShippedTools(XDocument.Load(Repository.PathOf(project))));

    [Theory]
    [InlineData("AspNetSpiffe")]
    [InlineData("AspNetSpiffe.Workload")]
    public void The_libraries_take_nothing_of_gRPC_but_the_client(string project) => Assert.Empty(OtherGrpcPackages(File.ReadAllText(Repository.PathOf("src", project, "packages.lock.json"))));

    [Fact]
    public void Every_package_has_its_line_among_the_decisions()
    {
        var page = File.ReadAllText(Repository.PathOf("docs", "decisions", "0001-dependencies.md"));
        var packages = XDocument.Load(Repository.PathOf("Directory.Packages.props")).Descendants("PackageVersion").Select(p => (string)p.Attribute("Include")!);
        Assert.All(packages, package => Assert.Matches($@"(?m)^\|.*\b{Regex.Escape(package)}(,| \|)", page));
    }

    [Fact]
    public void Workload_references_no_ASP_NET_Core()
    {
        Assert.Empty(AspNetCoreReferences(XDocument.Load(Repository.PathOf("src", "AspNetSpiffe.Workload", "AspNetSpiffe.Workload.csproj"))));
        Assert.DoesNotContain(typeof(SpiffeId).Assembly.GetReferencedAssemblies(), IsAspNetCore);
    }

    [Fact]
    public void Shipped_files_are_short() => Assert.Empty(LongFiles(SourceFile.ReadAll(Repository.PathOf("src"))));

    [Theory]
    [InlineData("""<PackageReference Include="Grpc.Tools" />""", true)]
    [InlineData("""<PackageReference Include="Grpc.Tools" PrivateAssets="compile" />""", true)]
    [InlineData("""<PackageReference Include="Grpc.Tools" PrivateAssets="all" />""", false)]
    [InlineData("""<PackageReference Include="Grpc.Net.Client" />""", false)]
    public void Tools_that_would_be_shipped_are_found(string item, bool found) =>
        Assert.Equal(found, ShippedTools(XDocument.Parse($"<Project><ItemGroup>{item}</ItemGroup></Project>")).Any());

    [Theory]
    [InlineData("""{"dependencies":{"net10.0":{"Grpc.AspNetCore.Server":{}}}}""", true)]
    [InlineData("""{"dependencies":{"net10.0":{"Grpc.Net.ClientFactory":{}}}}""", true)]
    [InlineData("""{"dependencies":{"net10.0":{"Grpc.Tools":{},"Grpc.Net.Client":{},"Grpc.Net.Common":{},"Grpc.Core.Api":{}},"net10.0/linux-x64":{}}}""", false)]
    public void Another_gRPC_package_is_found_however_it_comes(string lockFile, bool found) => Assert.Equal(found, OtherGrpcPackages(lockFile).Any());

    [Theory]
    [InlineData("""<FrameworkReference Include="Microsoft.AspNetCore.App" />""", true)]
    [InlineData("""<PackageReference Include="Microsoft.AspNetCore.Http" />""", true)]
    [InlineData("""<PackageReference Include="Microsoft.Extensions.Http" />""", false)]
    public void A_reference_to_ASP_NET_Core_is_found(string item, bool found) =>
        Assert.Equal(found, AspNetCoreReferences(XDocument.Parse($"<Project><ItemGroup>{item}</ItemGroup></Project>")).Any());

    [Fact]
    public void A_reference_of_an_assembly_to_ASP_NET_Core_is_found() =>
        Assert.True(IsAspNetCore(new AssemblyName("Microsoft.AspNetCore.Http")));

    [Theory]
    [InlineData(MaxLines, false)]
    [InlineData(MaxLines + 1, true)]
    public void A_long_file_is_found(int lines, bool found) =>
        Assert.Equal(found, LongFiles([new("A/B.cs", string.Concat(Enumerable.Repeat("x\n", lines)))]).Any());

    private static IEnumerable<string> ShippedTools(XDocument project) =>
        from reference in project.Descendants("PackageReference")
        where (string?)reference.Attribute("Include") == "Grpc.Tools" && (string?)reference.Attribute("PrivateAssets") != "all"
        select reference.ToString();

    private static IEnumerable<string> OtherGrpcPackages(string lockFile) =>
        from framework in JsonDocument.Parse(lockFile).RootElement.GetProperty("dependencies").EnumerateObject()
        from package in framework.Value.EnumerateObject()
        where package.Name.StartsWith("Grpc.", StringComparison.OrdinalIgnoreCase) && package.Name is not ("Grpc.Net.Client" or "Grpc.Net.Common" or "Grpc.Core.Api" or "Grpc.Tools")
        select package.Name;

    private static IEnumerable<string> AspNetCoreReferences(XDocument project) =>
        from reference in project.Descendants()
        where ((string?)reference.Attribute("Include"))?.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) == true
        select reference.ToString();

    private static bool IsAspNetCore(AssemblyName assembly) => assembly.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal);

    private static IEnumerable<string> LongFiles(IEnumerable<SourceFile> files) =>
        from file in files
        let lines = file.Text.AsSpan().Count('\n')
        where lines > MaxLines
        select $"{file.Path} has {lines} lines; the limit is {MaxLines}. Split it by phase.";
}
