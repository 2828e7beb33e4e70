using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>What is in each package, and what nuget.org would show of it.</summary>
[Collection(UsesPackages.Name)]
public sealed class PackageTests(BuiltPackages packages)
{
    private const string Project = "https://github.com/aspnetspiffe/aspnetspiffe";

    private static readonly string[] Libraries = ["AspNetSpiffe", "AspNetSpiffe.DevAgent", "AspNetSpiffe.SignalR.Client", "AspNetSpiffe.Testing", "AspNetSpiffe.Workload", "AspNetSpiffe.Yarp"];

    public static TheoryData<string> All => [.. Libraries, "AspNetSpiffe.Cli", "AspNetSpiffe.Templates"];

    public static TheoryData<string> WithSymbols => [.. Libraries, "AspNetSpiffe.Cli"];

    [Fact]
    public void All_are_made_and_no_others()
    {
        string[] expected = [.. All.Select(row => $"{row.Data}.{packages.Version}.nupkg"), .. WithSymbols.Select(row => $"{row.Data}.{packages.Version}.snupkg")];
        Assert.Equal(expected.Order(StringComparer.Ordinal), Directory.GetFiles(packages.Feed).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(All))]
    public void A_package_says_what_it_is(string id)
    {
        var package = Open(id);
        Assert.Equal((id, packages.Version, "The AspNetSpiffe authors"), (package.Say("id"), package.Say("version"), package.Say("authors")));
        Assert.Equal(("MIT", "expression"), (package.Say("license"), (string?)package.Find("license")?.Attribute("type")));
        Assert.Equal((Project, $"{Project}/blob/main/CHANGELOG.md"), (package.Say("projectUrl"), package.Say("releaseNotes")));
        Assert.True(package.Say("description")?.Length is > 60 and < 250, package.Say("description"));
        Assert.Empty(((string[])["spiffe", "spire", "mtls"]).Except(package.Say("tags")!.Split(' ')));

        var repository = package.Find("repository")!;
        Assert.Equal(("git", $"{Project}.git"), ((string?)repository.Attribute("type"), (string?)repository.Attribute("url")));
        Assert.Matches("^[0-9a-f]{40}$", (string?)repository.Attribute("commit"));
    }

    [Theory, MemberData(nameof(All))]
    public void A_package_brings_its_readme_and_its_icon(string id)
    {
        var package = Open(id);
        Assert.Equal(File.ReadAllText(Repository.PathOf("src", id, "README.md")), package.Text(package.Say("readme")!));
        Assert.StartsWith($"# {id}\n", package.Text(package.Say("readme")!), StringComparison.Ordinal);

        // A PNG says its size at its begin.
        var icon = package[package.Say("icon")!];
        Assert.Equal("PNG", Encoding.ASCII.GetString(icon, 1, 3));
        Assert.Equal((128, 128), (BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(icon.AsSpan(20))));
    }

    [Theory, MemberData(nameof(All))]
    public void A_package_lists_what_it_depends_on(string id)
    {
        var package = Open(id);
        var sbom = JsonNode.Parse(package.Text($"sbom/{id}.cdx.json"))!;
        Assert.Equal(("CycloneDX", $"pkg:nuget/{id}@{packages.Version}"), ((string?)sbom["bomFormat"], (string?)sbom["metadata"]!["component"]!["purl"]));

        var listed = (sbom["components"] as JsonArray ?? []).Select(component => $"{component!["purl"]}").ToArray();
        Assert.All(listed, purl => Assert.StartsWith("pkg:nuget/", purl, StringComparison.Ordinal));
        Assert.DoesNotContain(listed, purl => purl.Contains("MinVer", StringComparison.Ordinal) || purl.Contains("Analyzer", StringComparison.Ordinal));

        // Those of the nuspec, in their version; and whatever is shipped inside.
        var named = package.Metadata.Descendants().Where(element => element.Name.LocalName == "dependency").Select(d => $"pkg:nuget/{(string?)d.Attribute("id")}@{(string?)d.Attribute("version")}");
        Assert.Empty(named.Except(listed));
        var shipped = Programs(package).Where(name => !name.EndsWith(".resources.dll", StringComparison.Ordinal)).Select(Path.GetFileNameWithoutExtension);
        Assert.All(shipped.Except([id, "aspnet-spiffe"]), name => Assert.Contains(listed, purl => purl.StartsWith($"pkg:nuget/{name}@", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(WithSymbols))]
    public void Symbols_lead_to_the_sources_of_the_commit(string id)
    {
        var (package, symbols) = (Open(id), new Package(Path.Combine(packages.Feed, $"{id}.{packages.Version}.snupkg")));
        var commit = (string)package.Find("repository")!.Attribute("commit")!;
        var ours = Programs(package).Where(name => Path.GetFileName(name).StartsWith("aspnet", StringComparison.OrdinalIgnoreCase)).ToArray();
        Assert.NotEmpty(ours);
        Assert.All(ours, assembly =>
        {
            using var pdb = new Symbols(symbols[Path.ChangeExtension(assembly, ".pdb")]);
            Assert.Equal(Symbols.IdOf(package[assembly]), pdb.Id);
            Assert.True(pdb.Addresses["/_/*"] == $"https://raw.githubusercontent.com/aspnetspiffe/aspnetspiffe/{commit}/*", $"The package is of {commit}, and its sources are at {pdb.Addresses["/_/*"]}. Was there a commit after the build? Build again.");
            Assert.All(pdb.Documents, document => Assert.StartsWith("/_/", document.Path, StringComparison.Ordinal));

            // What the build generates is in no repository.
            Assert.All(pdb.Documents, document => Assert.Equal(document.Path.StartsWith("/_/artifacts/", StringComparison.Ordinal), document.IsEmbedded));
        });
    }

    [Theory, MemberData(nameof(All))]
    public void Nothing_says_where_it_was_built(string id)
    {
        string[] places = [Repository.Root, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) + "/", Path.GetDirectoryName(packages.Feed)!];
        foreach (var file in Directory.GetFiles(packages.Feed, $"{id}.{packages.Version}.*").Select(path => new Package(path)))
            foreach (var name in file.Names)
                foreach (var encoding in (Encoding[])[Encoding.UTF8, Encoding.Unicode])
                    Assert.All(places, place => Assert.False(file[name].AsSpan().IndexOf(encoding.GetBytes(place)) >= 0, $"{id}: {name} has '{place}'."));
    }

    [Fact]
    public void The_library_knows_the_version_of_its_packages() => Assert.Equal(
        packages.Version,
        (string?)Open("AspNetSpiffe").Metadata.Descendants().Single(element => (string?)element.Attribute("id") == "AspNetSpiffe.Workload").Attribute("version"));

    // What runs in an application; an analyzer runs in the compiler, and is of the package itself.
    private static IEnumerable<string> Programs(Package package) => package.Names.Where(name => name.EndsWith(".dll", StringComparison.Ordinal) && !name.StartsWith("analyzers/", StringComparison.Ordinal));

    private Package Open(string id) => new(Path.Combine(packages.Feed, $"{id}.{packages.Version}.nupkg"));
}
