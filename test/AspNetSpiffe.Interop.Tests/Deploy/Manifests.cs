using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>Kubernetes manifests, as the tools that apply them would make them, and the check of whether the API server would take them.</summary>
internal static class Manifests
{
    private static readonly string Scripts = Repository.PathOf("test", "AspNetSpiffe.Interop.Tests", "Deploy", "node");

    /// <summary>Gives what <c>kubectl kustomize</c> would.</summary>
    /// <param name="folder">A folder of samples/Deploy.</param>
    /// <param name="patience">Ends the waiting.</param>
    public static Task<string> KustomizeAsync(string folder, CancellationToken patience) => RunAsync("kustomize.mjs", PathOf(folder), "", patience);

    /// <summary>Parses manifests, and fails unless each is one that the API server would take.</summary>
    public static async Task<JsonObject[]> CheckAsync(string yaml, CancellationToken patience) =>
        [.. JsonNode.Parse(await RunAsync("manifests.mjs", "", yaml, patience))!.AsArray().Select(static manifest => manifest!.AsObject())];

    /// <summary>Says what is wrong with manifests; an empty text if nothing is.</summary>
    public static async Task<string> ProblemsOfAsync(string yaml, CancellationToken patience) =>
        (await OutsideProgram.RunAsync(Tools.Node, [Path.Combine(Scripts, "manifests.mjs")], yaml, patience)).Errors;

    /// <summary>Says what Helm would find wrong with the values of the chart; an empty text if nothing is.</summary>
    public static async Task<string> ProblemsOfValuesAsync(string values, CancellationToken patience) =>
        (await OutsideProgram.RunAsync(Tools.Node, [Path.Combine(Scripts, "values.mjs"), PathOf("helm/aspnet-spiffe/values.schema.json")], values, patience)).Errors;

    /// <summary>Gives a manifest by its kind and name.</summary>
    public static JsonObject? Find(IEnumerable<JsonObject> manifests, string kind, string name) =>
        manifests.SingleOrDefault(manifest => manifest["kind"]!.GetValue<string>() == kind && manifest["metadata"]!["name"]!.GetValue<string>() == name);

    /// <summary>Gives the environment of an application's pods.</summary>
    public static Dictionary<string, string?> VariablesOf(IEnumerable<JsonObject> manifests, string application) =>
        Find(manifests, "Deployment", application)!["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray()
            .ToDictionary(static variable => variable!["name"]!.GetValue<string>(), static variable => (string?)variable!["value"]!.GetValue<string>());

    /// <summary>Gives the groups of alert rules, as Prometheus reads them.</summary>
    public static async Task<JsonNode> AlertRulesAsync(CancellationToken patience) =>
        (await CheckAsync(await File.ReadAllTextAsync(PathOf("helm/aspnet-spiffe/monitoring/alerts.yaml"), patience), patience)).Single()["spec"]!.DeepClone();

    public static string PathOf(string path) => Repository.PathOf(["samples", "Deploy", .. path.Split('/')]);

    private static async Task<string> RunAsync(string script, string argument, string input, CancellationToken patience)
    {
        var result = await OutsideProgram.RunAsync(Tools.Node, [Path.Combine(Scripts, script), argument], input, patience);
        Assert.True(result.ExitCode == 0, result.All);
        return result.Output;
    }
}
