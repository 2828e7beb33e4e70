using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>The manifests of samples/Deploy, rendered and checked without a cluster and without its tools.</summary>
public sealed class ManifestTests(ITestOutputHelper output, HelmTemplate helm) : InteropTest(output), IClassFixture<HelmTemplate>
{
    public static TheoryData<string> Kustomizations => ["kustomize/spire", "kustomize/cert-manager", "helm/aspnet-spiffe/monitoring"];

    [Theory, MemberData(nameof(Kustomizations))]
    public async Task What_kustomize_makes_is_taken_by_the_API_server(string folder)
    {
        await Manifests.CheckAsync(await File.ReadAllTextAsync(Path.Combine(Manifests.PathOf(folder), "kustomization.yaml"), Patience), Patience);
        var manifests = await Manifests.CheckAsync(await Manifests.KustomizeAsync(folder, Patience), Patience);
        Assert.NotEmpty(manifests);
        AssertConsistent(manifests);
    }

    [Fact]
    public async Task The_authority_for_cert_manager_is_taken_by_the_API_server() =>
        Assert.Equal(3, (await Manifests.CheckAsync(await File.ReadAllTextAsync(Manifests.PathOf("cert-manager/authority.yaml"), Patience), Patience)).Length);

    [Theory]
    [InlineData("kustomize/spire")]
    [InlineData("kustomize/cert-manager", "cert-manager.yaml")]
    public async Task The_chart_makes_the_same_pods_as_kustomize(string folder, params string[] more)
    {
        var kustomize = await Manifests.CheckAsync(await Manifests.KustomizeAsync(folder, Patience), Patience);
        var chart = await Manifests.CheckAsync(await RenderAsync("orders", more) + await RenderAsync("checkout", more), Patience);
        AssertConsistent(chart);
        foreach (var application in (string[])["orders", "checkout"])
            foreach (var (kind, path) in (IEnumerable<(string, string)>)[("Deployment", "spec.template.spec"), ("Service", "spec"), ("PodDisruptionBudget", "spec"), ("NetworkPolicy", "spec.egress")])
                AssertSame(Manifests.Find(kustomize, kind, application), Manifests.Find(chart, kind, application), path);
    }

    [Fact]
    public async Task The_chart_carries_the_rules_and_the_dashboard()
    {
        var values = Path.Combine(Folder, "monitoring.yaml");
        await File.WriteAllTextAsync(values, "monitoring: { alerts: true, dashboard: true, labels: { release: prometheus } }", Patience);
        var chart = await Manifests.CheckAsync(await RenderAsync("orders", [values]), Patience);

        Assert.True(JsonNode.DeepEquals(await Manifests.AlertRulesAsync(Patience), Manifests.Find(chart, "PrometheusRule", "orders")!["spec"]));
        Assert.Equal("prometheus", Manifests.Find(chart, "PrometheusRule", "orders")!["metadata"]!["labels"]!["release"]!.GetValue<string>());
        Assert.Equal(
            await File.ReadAllTextAsync(Manifests.PathOf("helm/aspnet-spiffe/monitoring/dashboard.json"), Patience), Manifests.Find(chart, "ConfigMap", "orders")!["data"]!["aspnet-spiffe.json"]!.GetValue<string>());
    }

    [Fact]
    public Task Fields_and_types_that_a_kind_does_not_have_are_found() => AssertFoundAsync(
        ("readOnlyRootFilesystem", "readOnlyRootFileSystem", "'\"readOnlyRootFileSystem\"' does not exist in type"),
        ("periodSeconds: 2\n", "periodSeconds: two\n", "Type 'string' is not assignable to type 'number'"),
        ("className:", "clasName:", "'\"clasName\"' does not exist in type"),
        ("podMetricsEndpoints:", "podMetricsEndpoint:", "'\"podMetricsEndpoint\"' does not exist in type"),
        ("policy/v1", "policy/v9", "Cannot find module 'kubernetes-models/policy/v9/PodDisruptionBudget'"));

    [Fact]
    public Task A_value_that_is_no_quantity_is_found() => AssertFoundAsync(("cpu: 50m\n", "cpu: 50mm\n", "must match format \"quantity\""));

    [Fact]
    public Task A_key_that_stands_twice_is_found() => AssertFoundAsync(("replicas: 2\n", "replicas: 2\n  replicas: 3\n", "Map keys must be unique"));

    [Theory]
    [InlineData("{}", "")]
    [InlineData("server: { allowedPeers: [] }", "/server/allowedPeers: must NOT have fewer than 1 items")]
    [InlineData("server: { alowedPeers: [ 'spiffe://example.org/a' ] }", "must NOT have additional properties {\"additionalProperty\":\"alowedPeers\"}")]
    [InlineData("server: { allowedPeers: [ 'example.org' ] }", "/server/allowedPeers/0: must match pattern")]
    [InlineData("clients: { stock: { application: stock } }", "/clients/stock: must have required property 'server'")]
    [InlineData("identity: { source: vault }", "/identity/source: must be equal to one of the allowed values")]
    public async Task The_schema_of_the_chart_refuses_values_that_cannot_be_meant(string yaml, string problem)
    {
        var values = Path.Combine(Folder, "more.yaml");
        await File.WriteAllTextAsync(values, yaml, Patience);
        var problems = await Manifests.ProblemsOfValuesAsync(await helm.ValuesAsync([Manifests.PathOf("helm/orders.yaml"), values], Patience), Patience);
        if (problem.Length == 0) Assert.Empty(problems);
        else Assert.Contains(problem, problems, StringComparison.Ordinal);
    }

    private async Task AssertFoundAsync(params (string Right, string Wrong, string Problem)[] mistakes)
    {
        var manifests = await Manifests.KustomizeAsync("kustomize/spire", Patience);
        Assert.All(mistakes, mistake => Assert.Contains(mistake.Right, manifests, StringComparison.Ordinal));
        var problems = await Manifests.ProblemsOfAsync(mistakes.Aggregate(manifests, static (text, mistake) => text.Replace(mistake.Right, mistake.Wrong, StringComparison.Ordinal)), Patience);
        Assert.All(mistakes, mistake => Assert.Contains(mistake.Problem, problems, StringComparison.Ordinal));
    }

    private async Task<string> RenderAsync(string application, IEnumerable<string> more)
    {
        string[] values = [Manifests.PathOf($"helm/{application}.yaml"), .. more.Select(static file => Path.IsPathRooted(file) ? file : Manifests.PathOf($"helm/{file}"))];
        Assert.Empty(await Manifests.ProblemsOfValuesAsync(await helm.ValuesAsync(values, Patience), Patience));
        return await helm.RenderAsync(application, values, Patience);
    }

    // Both absent is the same too: the client has no Service.
    private static void AssertSame(JsonObject? expected, JsonObject? actual, string path)
    {
        var (one, other) = (At(expected, path), At(actual, path));
        Assert.True(JsonNode.DeepEquals(Sorted(one), Sorted(other)), $"{path}: {one}{Environment.NewLine}is not {other}");
    }

    private static JsonNode? At(JsonNode? node, string path) => path.Split('.').Aggregate(node, static (node, name) => node?[name]);

    // A pod may name its variables in any order.
    private static JsonNode? Sorted(JsonNode? spec)
    {
        if (spec is JsonObject && spec["containers"]?[0]?["env"] is JsonArray env)
            spec["containers"]![0]!["env"] = new JsonArray([.. env.OrderBy(static variable => variable!["name"]!.GetValue<string>(), StringComparer.Ordinal).Select(static variable => variable!.DeepClone())]);
        return spec;
    }

    /// <summary>What no schema says: that pods are hardened, and that what manifests say of each other is there.</summary>
    private static void AssertConsistent(JsonObject[] manifests)
    {
        var pods = manifests.Where(static manifest => manifest["kind"]!.GetValue<string>() == "Deployment").ToArray();
        foreach (var pod in pods) AssertHardened(pod["spec"]!["template"]!["spec"]!);
        foreach (var monitor in manifests.Where(static manifest => manifest["kind"]!.GetValue<string>() == "PodMonitor")) Assert.All(pods, pod => Assert.All(PortsOf(monitor), port => Assert.Contains(port, NamesOfPorts(pod))));
        foreach (var pod in pods)
        {
            var account = pod["spec"]!["template"]!["spec"]!["serviceAccountName"]!.GetValue<string>();
            Assert.False(Manifests.Find(manifests, "ServiceAccount", account)!["automountServiceAccountToken"]!.GetValue<bool>());
            var name = pod["metadata"]!["name"]!.GetValue<string>();
            Assert.NotNull(Manifests.Find(manifests, "NetworkPolicy", name));
            if (Manifests.Find(manifests, "Service", name) is { } service) Assert.All(PortsOf(service), port => Assert.Contains(port, NamesOfPorts(pod)));
            Assert.Contains("probes", NamesOfPorts(pod));
        }
    }

    private static IEnumerable<string> PortsOf(JsonNode manifest) =>
        (manifest["spec"]!["ports"] ?? manifest["spec"]!["podMetricsEndpoints"])!.AsArray().Select(static port => (port!["targetPort"] ?? port["port"])!.GetValue<string>());

    private static IEnumerable<string> NamesOfPorts(JsonNode deployment) =>
        deployment["spec"]!["template"]!["spec"]!["containers"]![0]!["ports"]!.AsArray().Select(static port => port!["name"]!.GetValue<string>());

    private static void AssertHardened(JsonNode pod)
    {
        Assert.False(pod["automountServiceAccountToken"]!.GetValue<bool>());
        Assert.True(pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>());
        Assert.Equal("RuntimeDefault", pod["securityContext"]!["seccompProfile"]!["type"]!.GetValue<string>());
        Assert.All(pod["volumes"]!.AsArray(), static volume => Assert.True(volume!["csi"]!["readOnly"]!.GetValue<bool>()));
        var container = Assert.Single(pod["containers"]!.AsArray())!;
        Assert.True(container["securityContext"]!["readOnlyRootFilesystem"]!.GetValue<bool>());
        Assert.False(container["securityContext"]!["allowPrivilegeEscalation"]!.GetValue<bool>());
        Assert.Equal("ALL", Assert.Single(container["securityContext"]!["capabilities"]!["drop"]!.AsArray())!.GetValue<string>());
        Assert.NotNull(container["resources"]!["limits"]!["memory"]);
        foreach (var probe in (string[])["startupProbe", "readinessProbe", "livenessProbe"]) Assert.Equal("probes", container[probe]!["httpGet"]!["port"]!.GetValue<string>());
    }
}
