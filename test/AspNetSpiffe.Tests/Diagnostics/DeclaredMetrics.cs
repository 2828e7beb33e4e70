using System.Collections.Immutable;
using System.Reflection;

namespace AspNetSpiffe.Tests.Diagnostics;

/// <summary>The metrics that both packages declare.</summary>
internal sealed record DeclaredMetrics(string Kind, string Name, string Unit, string Description, ImmutableArray<string> Tags)
{
    public static IReadOnlyList<DeclaredMetrics> All { get; } = [.. Of(typeof(X509Source), "AspNetSpiffe.SpiffeInstruments"), .. Of(typeof(SpiffeToken), "AspNetSpiffe.SpiffeServerInstruments")];

    // The definition is a class of each package, so that its name alone says nothing here.
    private static IEnumerable<DeclaredMetrics> Of(Type inAssembly, string list) =>
        inAssembly.Assembly.GetType(list, throwOnError: true)!.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)!).Select(definition => new DeclaredMetrics(
            Value(definition, "Kind").ToString()!, (string)Value(definition, "Name"), (string)Value(definition, "Unit"), (string)Value(definition, "Description"), (ImmutableArray<string>)Value(definition, "Tags")));

    private static object Value(object definition, string property) => definition.GetType().GetProperty(property)!.GetValue(definition)!;
}
