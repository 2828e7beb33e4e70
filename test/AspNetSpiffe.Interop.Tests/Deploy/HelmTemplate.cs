using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>Helm's templates without Helm: a small program in Go on the libraries that Helm renders with, compiled once for all tests of a class.</summary>
public sealed class HelmTemplate : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("helm-template-").FullName;

    private string Program => Path.Combine(_folder, "template");

    public async ValueTask InitializeAsync()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        // Debian's Go libraries are in one tree, and nothing is downloaded.
        var environment = new Dictionary<string, string?> { ["GO111MODULE"] = "off", ["GOPATH"] = "/usr/share/gocode", ["GOCACHE"] = Repository.PathOf("artifacts", "go-cache"), ["GOFLAGS"] = "" };
        await using var compiler = OutsideProgram.StartWith(environment, "go", "build", "-o", Program, Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", "Deploy", "helm", "template.go"));
        var result = await compiler.FinishAsync("", patience.Token);
        Assert.True(result.ExitCode == 0, result.All);
    }

    /// <summary>Gives what <c>helm template</c> would.</summary>
    /// <param name="release">The name of the release.</param>
    /// <param name="values">Files with values, the last of which wins.</param>
    /// <param name="patience">Ends the waiting.</param>
    internal Task<string> RenderAsync(string release, IEnumerable<string> values, CancellationToken patience) => RunAsync([release, Chart, "shop", .. values], patience);

    /// <summary>Gives the values that the templates see, as JSON.</summary>
    internal Task<string> ValuesAsync(IEnumerable<string> values, CancellationToken patience) => RunAsync(["--values", "any", Chart, "shop", .. values], patience);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string Chart => Manifests.PathOf("helm/aspnet-spiffe");

    private async Task<string> RunAsync(string[] arguments, CancellationToken patience)
    {
        var result = await OutsideProgram.RunAsync(Program, arguments, "", patience);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
