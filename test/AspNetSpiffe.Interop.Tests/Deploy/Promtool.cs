using AspNetSpiffe.TestKit;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.InteropTests;

/// <summary>Prometheus' own tool: whether expressions can be read, and what rules make of series. Its files are YAML, and JSON is YAML.</summary>
/// <param name="folder">Where its files go.</param>
internal sealed class Promtool(string folder)
{
    private const string Program = "promtool";

    public async Task CheckAsync(JsonNode rules, CancellationToken patience)
    {
        var result = await OutsideProgram.RunAsync(Program, ["check", "rules", "--lint=all", "--lint-fatal", Write("rules.json", rules)], "", patience);
        Assert.True(result.ExitCode == 0, result.All);
    }

    /// <summary>Says in which way other alerts fire than expected; an empty text if these do and no others.</summary>
    public async Task<string> TestAsync(JsonNode rules, IEnumerable<AlertCase> cases, CancellationToken patience)
    {
        var test = JsonSerializer.SerializeToNode(new { rule_files = (string[])[Write("rules.json", rules)], evaluation_interval = "1m", tests = cases.Select(Test) })!;
        var result = await OutsideProgram.RunAsync(Program, ["test", "rules", Write("test.json", test)], "", patience);
        return result.ExitCode == 0 ? "" : result.All;
    }

    private static object Test(AlertCase alerts) => new
    {
        interval = "1m",
        input_series = alerts.Series.Select(static one => new { series = one.Key, values = one.Value }),
        promql_expr_test = alerts.Expected.Select(static at => new
        {
            expr = "count by (alertname) (ALERTS{alertstate=\"firing\"}) > bool 0",
            eval_time = string.Create(CultureInfo.InvariantCulture, $"{at.Minute}m"),
            exp_samples = at.Firing.Select(static name => new { labels = $"{{alertname=\"{name}\"}}", value = 1 }),
        }),
    };

    private string Write(string name, JsonNode content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, content.ToJsonString());
        return path;
    }
}

/// <summary>Series, and which alerts fire on them.</summary>
/// <param name="Series">Each series, with its values minute by minute.</param>
/// <param name="Expected">The names of all alerts that fire, by minute.</param>
internal sealed record AlertCase(IReadOnlyDictionary<string, string> Series, IReadOnlyList<(int Minute, string[] Firing)> Expected);
