using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AspNetSpiffe.Reference;

/// <summary>The XML documentation that the compiler wrote beside an assembly, of private members too.</summary>
internal sealed partial class XmlDocs(Assembly assembly)
{
    private readonly IReadOnlyList<XElement> _members = [.. XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")];

    /// <summary>Gives the documentation of a type, a field or a method; an empty one where there is none. Of several overloads, only one may have any.</summary>
    public XElement Find(MemberInfo member)
    {
        var id = IdOf(member);
        return _members.SingleOrDefault(entry => (string?)entry.Attribute("name") is { } name && (name == id || name.StartsWith($"{id}(", StringComparison.Ordinal))) ?? new("member");
    }

    /// <summary>Gives the documentation of a type, and of those around it.</summary>
    public IEnumerable<XElement> FindWithOuter(Type? type)
    {
        for (; type is not null; type = type.DeclaringType) yield return Find(type);
    }

    /// <summary>Gives what an element refers to: the value of a constant, or the full name of a type.</summary>
    public string Resolve(XElement reference)
    {
        var id = (string?)reference.Attribute("cref") ?? throw new FormatException($"{reference} needs a 'cref'.");
        var (kind, name) = (id[0], id[2..]);
        if (kind == 'T') return name;
        var dot = name.LastIndexOf('.');
        var field = kind == 'F' ? assembly.GetType(name[..dot])?.GetField(name[(dot + 1)..], BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic) : null;
        return field is { IsLiteral: true } ? $"{field.GetRawConstantValue()}" : throw new FormatException($"'{id}' is neither a type nor a constant of {assembly.GetName().Name}.");
    }

    /// <summary>Gives what an element of a member's documentation says, as a sentence about the thing: "Gets or sets how long …" becomes "How long …".</summary>
    public string TextOf(MemberInfo member, string element)
    {
        var text = ToMarkdown(Find(member).Element(element));
        foreach (var verb in (string[])["Gets or sets ", "Gets "])
            if (text.StartsWith(verb, StringComparison.Ordinal))
                return char.ToUpperInvariant(text[verb.Length]) + text[(verb.Length + 1)..];
        return text;
    }

    /// <summary>Gives a text as Markdown.</summary>
    public static string ToMarkdown(XElement? text) => text is null ? "" : Spaces().Replace(string.Concat(text.Nodes().Select(ToMarkdown)), " ").Trim();

    /// <summary>Gives the last part of what an element refers to: <c>Debug</c> of <c>LogLevel.Debug</c>.</summary>
    public static string LastNameOf(XElement reference) => $"{reference.Attribute("cref")?.Value}".Split('.')[^1];

    private static string ToMarkdown(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } link when link.Attribute("href") is { } target => $"[{link.Value}]({target.Value})",
        XElement { Name.LocalName: "see" } name when name.Attribute("cref") is not null => $"`{LastNameOf(name)}`",
        XElement { Name.LocalName: "see" } word when word.Attribute("langword") is { } keyword => $"`{keyword.Value}`",
        _ => throw new FormatException($"No Markdown is known for {node}."),
    };

    private static string IdOf(MemberInfo member) => member switch
    {
        Type type => $"T:{NameOf(type)}",
        FieldInfo field => $"F:{NameOf(field.DeclaringType!)}.{field.Name}",
        PropertyInfo property => $"P:{NameOf(property.DeclaringType!)}.{property.Name}",
        _ => $"M:{NameOf(member.DeclaringType!)}.{member.Name}",
    };

    private static string NameOf(Type type) => type.FullName!.Replace('+', '.');

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
