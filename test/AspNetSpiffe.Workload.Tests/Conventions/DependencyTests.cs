using System.Reflection;
using System.Text.Json;
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
    public void Shipped_code_references_no_gRPC_package(string project)
    {
        var file = Repository.PathOf(project);
        Assert.Empty(GrpcReferences(XDocument.Load(file)));
        Assert.Empty(GrpcPackages(File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, "packages.lock.json"))));
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
    [InlineData("""<PackageReference Include="Grpc.Net.Client" PrivateAssets="all" />""", true)]
    [InlineData("""<PackageReference Include="Grpc.Tools" />""", true)]
    [InlineData("""<PackageReference Include="Grpc.Tools" PrivateAssets="compile" />""", true)]
    [InlineData("""<PackageReference Include="Grpc.Tools" PrivateAssets="all" />""", false)]
    [InlineData("""<PackageReference Include="Google.Protobuf" />""", false)]
    public void A_gRPC_package_is_found(string item, bool found) =>
        Assert.Equal(found, GrpcReferences(XDocument.Parse($"<Project><ItemGroup>{item}</ItemGroup></Project>")).Any());

    [Theory]
    [InlineData("""{"dependencies":{"net10.0":{"Grpc.Core.Api":{}}}}""", true)]
    [InlineData("""{"dependencies":{"net10.0":{"Grpc.Tools":{}},"net10.0/linux-x64":{}}}""", false)]
    public void A_gRPC_package_that_comes_with_another_is_found(string lockFile, bool found) => Assert.Equal(found, GrpcPackages(lockFile).Any());

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

    private static IEnumerable<string> GrpcReferences(XDocument project) =>
        from reference in project.Descendants("PackageReference")
        let name = (string?)reference.Attribute("Include") ?? ""
        where name.StartsWith("Grpc.", StringComparison.OrdinalIgnoreCase)
        where name != "Grpc.Tools" || (string?)reference.Attribute("PrivateAssets") != "all"
        select reference.ToString();

    private static IEnumerable<string> GrpcPackages(string lockFile) =>
        from framework in JsonDocument.Parse(lockFile).RootElement.GetProperty("dependencies").EnumerateObject()
        from package in framework.Value.EnumerateObject()
        where package.Name.StartsWith("Grpc.", StringComparison.OrdinalIgnoreCase) && package.Name != "Grpc.Tools"
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
