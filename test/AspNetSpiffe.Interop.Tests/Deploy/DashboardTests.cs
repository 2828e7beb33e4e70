using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The dashboard and the alert rules, read by Prometheus' own tool and held against what the code measures.</summary>
public sealed partial class DashboardTests(ITestOutputHelper output) : InteropTest(output)
{
    // What Prometheus, Kubernetes and the format add.
    private static readonly string[] Others = ["job", "instance", "namespace", "pod", "le"];

    [Fact]
    public async Task Every_metric_and_label_that_rules_and_dashboard_name_is_in_the_code()
    {
        var measured = await MetricNames.ReadAsync(Patience);
        IEnumerable<(string Expression, string Text)> uses =
        [
            .. (await AlertsAsync()).Select(static rule => (Expression(rule), rule["annotations"]!.ToJsonString())),
            .. Targets(await DashboardAsync()).Select(static target => (Expression(target), target["legendFormat"]!.GetValue<string>())),
        ];
        Assert.All(uses, use =>
        {
            var metrics = Metrics(use.Expression);
            Assert.NotEmpty(metrics);
            Assert.All(metrics, metric => Assert.True(measured.Contains(metric), $"Nothing measures '{metric}'."));
            var known = metrics.SelectMany(metric => measured[metric]).Concat(Others).ToHashSet();
            Assert.All(Labels(use.Expression).Concat(Shown().Matches(use.Text).Select(static match => match.Groups[1].Value)), label => Assert.True(known.Contains(label), $"'{label}' is not a label of {string.Join(", ", metrics)}."));
        });
    }

    [Fact]
    public async Task Prometheus_reads_every_expression()
    {
        await new Promtool(Folder).CheckAsync(await Manifests.AlertRulesAsync(Patience), Patience);
        var records = Targets(await DashboardAsync()).Select(static (target, i) => new JsonObject { ["record"] = $"expression:{i}", ["expr"] = Expression(target).Replace("$__rate_interval", "5m", StringComparison.Ordinal) });
        await new Promtool(Folder).CheckAsync(new JsonObject { ["groups"] = new JsonArray(new JsonObject { ["name"] = "dashboard", ["rules"] = new JsonArray([.. records]) }) }, Patience);
    }

    [Fact]
    public async Task Every_panel_has_a_place_of_its_own_and_asks_the_data_source_that_was_chosen()
    {
        var dashboard = await DashboardAsync();
        Assert.True(dashboard["schemaVersion"]!.GetValue<int>() >= 39);
        var panels = dashboard["panels"]!.AsArray();
        Assert.Equal(panels.Count, panels.Select(static panel => panel!["id"]!.GetValue<int>()).Distinct().Count());
        Assert.All(panels, static panel => Assert.Equal("${datasource}", panel!["datasource"]!["uid"]!.GetValue<string>()));
        var cells = panels.SelectMany(static panel => Cells(panel!["gridPos"]!)).ToArray();
        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.All(cells, static cell => Assert.InRange(cell.X, 0, 23));
    }

    [Fact]
    public async Task The_guide_says_what_to_do_about_each_alert()
    {
        var guide = await File.ReadAllTextAsync(Repository.PathOf("docs", "deploy", "kubernetes-spire.md"), Patience);
        Assert.All(await AlertsAsync(), rule => Assert.Contains($"| `{rule["alert"]!.GetValue<string>()}` |", guide, StringComparison.Ordinal));
    }

    private async Task<JsonNode[]> AlertsAsync() => [.. (await Manifests.AlertRulesAsync(Patience))["groups"]![0]!["rules"]!.AsArray().Select(static rule => rule!)];

    private async Task<JsonNode> DashboardAsync() => JsonNode.Parse(await File.ReadAllTextAsync(Manifests.PathOf("helm/aspnet-spiffe/monitoring/dashboard.json"), Patience))!;

    private static IEnumerable<JsonNode> Targets(JsonNode dashboard) => dashboard["panels"]!.AsArray().SelectMany(static panel => panel!["targets"]!.AsArray()).Select(static target => target!);

    private static string Expression(JsonNode rule) => rule["expr"]!.GetValue<string>();

    private static string[] Metrics(string expression) => [.. Identifier().Matches(Grouping().Replace(Matchers().Replace(expression, ""), "")).Select(static match => match.Value)];

    private static IEnumerable<string> Labels(string expression) =>
    [
        .. Grouping().Matches(expression).SelectMany(static match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)),
        .. Matchers().Matches(expression).SelectMany(static match => Matcher().Matches(match.Value)).Select(static match => match.Groups[1].Value),
    ];

    private static IEnumerable<(int X, int Y)> Cells(JsonNode place) =>
        from x in Enumerable.Range(place["x"]!.GetValue<int>(), place["w"]!.GetValue<int>())
        from y in Enumerable.Range(place["y"]!.GetValue<int>(), place["h"]!.GetValue<int>())
        select (x, y);

    [GeneratedRegex(@"\b(?:by|without) \(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Matchers();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\bspiffe_\w+")]
    private static partial Regex Identifier();

    [GeneratedRegex(@"(?:\$labels\.|\{\{)(\w+)")]
    private static partial Regex Shown();
}
