using System.Collections.Immutable;
using System.Reflection;

namespace AspNetSpiffe.TestKit;

/// <summary>A metric that an assembly declares.</summary>
public sealed record DeclaredMetric(string Kind, string Name, string Unit, string Description, ImmutableArray<string> Tags)
{
    /// <summary>Reads those of some assemblies, each of which has the class of definitions for itself.</summary>
    public static IReadOnlyList<DeclaredMetric> In(params IEnumerable<Assembly> assemblies) =>
    [
        .. from assembly in assemblies
           from type in assembly.GetTypes()
           from field in type.GetFields(BindingFlags.Public | BindingFlags.Static)
           where field.FieldType.FullName == "AspNetSpiffe.MetricDefinition"
           select Of(field.GetValue(null)!),
    ];

    private static DeclaredMetric Of(object definition) =>
        new($"{Get(definition, "Kind")}", (string)Get(definition, "Name"), (string)Get(definition, "Unit"), (string)Get(definition, "Description"), (ImmutableArray<string>)Get(definition, "Tags"));

    private static object Get(object definition, string property) => definition.GetType().GetProperty(property)!.GetValue(definition)!;
}
