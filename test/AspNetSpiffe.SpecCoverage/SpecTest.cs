using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace AspNetSpiffe.SpecCoverage;

/// <summary>A test that carries the id of a line, as it stands in a built assembly.</summary>
internal sealed record SpecTest(string Id, string Name)
{
    /// <summary>Reads the traits of all methods and classes of an assembly, which is not loaded.</summary>
    public static IReadOnlyList<SpecTest> Read(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var metadata = file.GetMetadataReader();
        return [.. metadata.TypeDefinitions.Select(metadata.GetTypeDefinition).SelectMany(type => Of(metadata, type))];
    }

    private static IEnumerable<SpecTest> Of(MetadataReader metadata, TypeDefinition type)
    {
        var name = metadata.GetString(type.Name);
        foreach (var id in Ids(metadata, type.GetCustomAttributes())) yield return new(id, name);
        foreach (var method in type.GetMethods().Select(metadata.GetMethodDefinition))
            foreach (var id in Ids(metadata, method.GetCustomAttributes()))
                yield return new(id, $"{name}.{metadata.GetString(method.Name)}");
    }

    private static IEnumerable<string> Ids(MetadataReader metadata, CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes.Select(metadata.GetCustomAttribute))
        {
            if (TypeOf(metadata, attribute) != "TraitAttribute") continue;

            // ECMA-335 §II.23.3: a prolog of two bytes, then the arguments of the constructor.
            var arguments = metadata.GetBlobReader(attribute.Value);
            arguments.ReadUInt16();
            if (arguments.ReadSerializedString() == "Spec" && arguments.ReadSerializedString() is { } id) yield return id;
        }
    }

    private static string TypeOf(MetadataReader metadata, CustomAttribute attribute) =>
        attribute.Constructor.Kind == HandleKind.MemberReference
        && metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is { Kind: HandleKind.TypeReference } parent
            ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)parent).Name)
            : "";
}
