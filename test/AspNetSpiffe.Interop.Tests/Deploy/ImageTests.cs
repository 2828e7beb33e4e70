using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The images, as far as they can be made without an engine and without the registry of their base.</summary>
public sealed partial class ImageTests(ITestOutputHelper output) : InteropTest(output)
{
    private const int User = 1654;

    [Fact]
    public async Task What_the_Dockerfile_publishes_serves_as_its_user_without_privileges_where_nothing_can_be_written()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can make a file system read-only and become another user.");
        var dockerfile = await File.ReadAllTextAsync(Manifests.PathOf("Dockerfile"), Patience);
        Assert.Contains($"\nUSER {User}:{User}\n", dockerfile, StringComparison.Ordinal);
        var folder = Path.Combine(Folder, "app");
        foreach (var command in Run().Matches(dockerfile).Select(static run => run.Groups[1].Value))
            await FinishAsync(command.Replace("/publish/", folder + "/", StringComparison.Ordinal).Replace("Release", BuiltProgram.Configuration, StringComparison.Ordinal) + " --no-build");

        var pki = new TestPki();
        var files = WriteFiles(pki, "/ns/shop/sa/orders");
        var environment = Manifests.VariablesOf(await Manifests.CheckAsync(await Manifests.KustomizeAsync("kustomize/cert-manager", Patience), Patience), "orders");
        Assert.Contains("Spiffe__Files__Directory", environment);
        environment["Spiffe__Files__Directory"] = files;
        environment["ASPNETCORE_URLS"] = "https://127.0.0.1:0;http://127.0.0.1:0";
        var orders = Stopping(OutsideProgram.StartWith(environment, "unshare", ["--mount", "sh", "-c", Confined, "sh", Path.Combine(folder, "orders"), .. EntryPoint(dockerfile, "orders")]));
        var server = Listening().Match(await orders.ReadUntilAsync("listening on: https:", Patience)).Groups[1].Value;
        var health = Listening().Match(await orders.ReadUntilAsync("listening on: http:", Patience)).Groups[1].Value;

        Assert.Equal("Healthy", (await FinishAsync($"curl --silent --show-error http://{health}/healthz/ready")).Output);
        var own = WriteFiles(pki, "/ns/shop/sa/checkout");
        var answer = await FinishAsync($"curl --silent --show-error --insecure --cert {own}/tls.crt --key {own}/tls.key https://{server}/orders/7");
        Assert.Equal("Order 7, for spiffe://example.org/ns/shop/sa/checkout\n", answer.Output);
    }

    [Theory]
    [InlineData("Service", "orders", new[] { "8080/tcp", "8443/tcp" })]
    [InlineData("Client", "checkout", new[] { "8080/tcp" })]
    public async Task The_image_that_the_SDK_builds_runs_the_application_as_a_user_that_is_not_root(string project, string application, string[] ports)
    {
        // The SDK and the Dockerfile build on the same image.
        var family = XDocument.Load(Manifests.PathOf($"{project}/Deploy.{project}.csproj")).Descendants("ContainerFamily").Single().Value;
        Assert.Contains($"FROM mcr.microsoft.com/dotnet/aspnet:10.0-{family} AS runtime\n", await File.ReadAllTextAsync(Manifests.PathOf("Dockerfile"), Patience), StringComparison.Ordinal);

        await using var registry = await BaseImageRegistry.StartAsync(Patience);
        var archive = Path.Combine(Folder, "image.tar");
        await FinishAsync(
            $"dotnet publish samples/Deploy/{project} --configuration {BuiltProgram.Configuration} --no-build -t:PublishContainer -p:ContainerBaseImage={registry.Authority}/base:1 -p:ContainerArchiveOutputPath={archive}",
            new() { ["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.Authority });

        var image = await ReadAsync(archive);
        var manifest = JsonNode.Parse(Blob(image, JsonNode.Parse(image["index.json"])!["manifests"]![0]!))!;
        var config = JsonNode.Parse(Blob(image, manifest["config"]!))!["config"]!;
        Assert.Equal($"{User}", config["User"]!.GetValue<string>());
        Assert.Equal(["dotnet", $"/app/{application}.dll"], config["Entrypoint"]!.AsArray().Select(static word => word!.GetValue<string>()));
        Assert.Equal(ports, config["ExposedPorts"]!.AsObject().Select(static port => port.Key).Order(StringComparer.Ordinal));
        Assert.Contains(manifest["layers"]!.AsArray(), layer => Names(Blob(image, layer!)).Any(name => name.TrimStart('/') == $"app/{application}.dll"));
    }

    // The folder of the application, then the entry point. Whatever could be written would end it before it begins.
    private static string Confined => $"""
        mount --make-rprivate / && mount -o remount,bind,ro / && cd "$1" && shift || exit 98
        touch written 2> /dev/null && exit 99
        exec setpriv --reuid {User} --regid {User} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
        """;

    private static string[] EntryPoint(string dockerfile, string target) =>
        [.. JsonNode.Parse(Regex.Match(dockerfile, $"AS {target}\nCOPY --from=build /publish/{target} .\nENTRYPOINT (.+)\n").Groups[1].Value)!.AsArray().Select(static word => word!.GetValue<string>())];

    // As cert-manager's driver writes them: the key is for root and the group of the pod.
    private string WriteFiles(TestPki pki, string path)
    {
        var (svid, folder) = (pki.Leaf(path), Directory.CreateDirectory(Path.Combine(Folder, Path.GetFileName(path))).FullName);
        File.WriteAllText(Path.Combine(folder, "tls.crt"), SvidFolder.ChainOf(svid));
        File.WriteAllText(Path.Combine(folder, "ca.crt"), SvidFolder.Pem(pki.Authorities));
        var key = Path.Combine(folder, "tls.key");
        File.WriteAllText(key, SvidFolder.KeyOf(svid));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        foreach (var readable in (string[])[Folder, folder]) File.SetUnixFileMode(readable, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
        using var chgrp = System.Diagnostics.Process.Start("chgrp", [$"{User}", key]);
        chgrp.WaitForExit();
        return folder;
    }

    private async Task<ProgramResult> FinishAsync(string command, Dictionary<string, string?>? environment = null)
    {
        var words = command.Split(' ').Select(static word => word.StartsWith("samples/", StringComparison.Ordinal) ? Repository.PathOf(word.Split('/')) : word).ToArray();
        await using var program = OutsideProgram.StartWith(environment ?? [], words[0], words[1..]);
        var result = await program.FinishAsync("", Patience);
        Assert.True(result.ExitCode == 0, result.All);
        return result;
    }

    private async Task<Dictionary<string, byte[]>> ReadAsync(string archive)
    {
        Dictionary<string, byte[]> files = [];
        await using var stream = File.OpenRead(archive);
        await using var tar = new TarReader(stream);
        while (await tar.GetNextEntryAsync(copyData: false, Patience) is { } entry)
        {
            if (entry.DataStream is null) continue;
            using var content = new MemoryStream();
            await entry.DataStream.CopyToAsync(content, Patience);
            files[entry.Name] = content.ToArray();
        }

        return files;
    }

    private static byte[] Blob(Dictionary<string, byte[]> image, JsonNode descriptor) => image[$"blobs/{descriptor["digest"]!.GetValue<string>().Replace(':', '/')}"];

    private static IEnumerable<string> Names(byte[] layer)
    {
        using var tar = new TarReader(new GZipStream(new MemoryStream(layer), CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry) yield return entry.Name;
    }

    [GeneratedRegex("^RUN (dotnet publish .+)$", RegexOptions.Multiline)]
    private static partial Regex Run();

    [GeneratedRegex("https?://(.+)$")]
    private static partial Regex Listening();
}
