using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace AspNetSpiffe.Reference;

/// <summary>docs/reference/metrics.md: what the code declares to measure, and the keys of the tags.</summary>
internal static class MetricPage
{
    private const string Introduction =
        """
        # Metrics

        The instruments of the meter `AspNetSpiffe`, by OpenTelemetry's conventions. Times of expiry and of updates are absolute, in seconds since 1970: an alert compares them
        with now. A value of `error.type` is the reason of a [rejection](../rejections.md) in snake case, `not_allowed` for `NotAllowed`, or the kind of a failure.

        This page is generated: `build/reference` makes it from the code and its documentation, and a test fails when it is not current.

        ## Instruments

        | name | kind | unit | description | tags |
        |---|---|---|---|---|

        """;

    private const string Tags =
        """

        ## Tags

        Tags of metrics have low cardinality: none contains the input of an unauthenticated peer. The tags of spans, of the activity source `AspNetSpiffe`, are included.

        | key | description |
        |---|---|

        """;

    public static string Write(IReadOnlyList<Assembly> assemblies)
    {
        var text = new StringBuilder(Introduction);
        foreach (var metric in assemblies.SelectMany(Metric.Read))
            text.Append(CultureInfo.InvariantCulture, $"| `{metric.Name}` | {metric.Kind} | `{metric.Unit}` | {metric.Description} | {string.Join(", ", metric.Tags.Select(tag => $"`{tag}`"))} |\n");

        text.Append(Tags);
        foreach (var (key, what) in assemblies.SelectMany(ReadTags).DistinctBy(tag => tag.Key).OrderBy(tag => tag.Key, StringComparer.Ordinal)) text.Append(CultureInfo.InvariantCulture, $"| `{key}` | {what} |\n");
        return text.ToString();
    }

    // The small classes behind are linked into several assemblies, so that each has its own of the same name.
    private static IEnumerable<(string Key, string What)> ReadTags(Assembly assembly)
    {
        var docs = new XmlDocs(assembly);
        foreach (var key in assembly.GetType("AspNetSpiffe.Tag")?.GetFields().Where(field => field.IsLiteral) ?? [])
            yield return ($"{key.GetRawConstantValue()}", XmlDocs.ToMarkdown(docs.Find(key).Element("summary")) is { Length: > 0 } what ? what : throw new FormatException($"Tag.{key.Name} needs a <summary>: what its values say."));
    }

    private sealed record Metric(string Kind, string Name, string Unit, string Description, ImmutableArray<string> Tags)
    {
        public static IEnumerable<Metric> Read(Assembly assembly) =>
            from type in assembly.GetTypes()
            from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            where field.FieldType.FullName == "AspNetSpiffe.MetricDefinition"
            select Of(field.GetValue(null)!);

        private static Metric Of(object definition) =>
            new($"{Get(definition, "Kind")}", $"{Get(definition, "Name")}", $"{Get(definition, "Unit")}", $"{Get(definition, "Description")}", (ImmutableArray<string>)Get(definition, "Tags"));

        private static object Get(object definition, string property) => definition.GetType().GetProperty(property)!.GetValue(definition)!;
    }
}
