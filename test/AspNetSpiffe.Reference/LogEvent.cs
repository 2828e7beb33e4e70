using System.Reflection;
using System.Xml.Linq;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Reference;

/// <summary>A place in the code that logs an event, and what its documentation says.</summary>
/// <param name="Place">The class and the member, for whoever has to mend its documentation.</param>
/// <param name="Id">The number of the event in its category, and its name.</param>
/// <param name="Categories">The categories that it is logged under.</param>
/// <param name="Levels">The levels that it may have.</param>
/// <param name="Message">The template of its message.</param>
/// <param name="What">What happened, and why an operator sees it.</param>
/// <param name="ToDo">What to do.</param>
internal sealed record LogEvent(string Place, EventId Id, IReadOnlyList<string> Categories, IReadOnlyList<string> Levels, string Message, string What, string ToDo)
{
    private const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public string Name => Id.Name ?? "";

    /// <summary>Reads all events of some assemblies. A source file that is linked into two of them counts once.</summary>
    public static IReadOnlyList<LogEvent> ReadAll(IEnumerable<Assembly> assemblies) => [.. assemblies.SelectMany(Read).DistinctBy(e => e.Place)];

    /// <summary>Says what the documentation lacks, and which events cannot be told from each other.</summary>
    public static IEnumerable<string> MistakesIn(IReadOnlyList<LogEvent> events) =>
    [
        .. events.Where(e => e.What.Length == 0).Select(e => $"{e.Place} needs a <summary>: what happened, and why an operator sees it."),
        .. events.Where(e => e.ToDo.Length == 0).Select(e => $"{e.Place} needs <remarks>: what to do."),
        .. events.Where(e => e.Categories.Count == 0).Select(e => $"{e.Place} needs a <seealso> to the constant or the type that is its category, or its class does."),
        .. events.Where(e => e.Name.Length == 0).Select(e => $"{e.Place} needs an EventName."),
        .. events.Where(e => e.Levels.Count == 0 || e.Message.Length == 0).Select(e => $"{e.Place} needs a <value> with its levels (<see cref=\"LogLevel.…\"/>) and the template of its message (<c>)."),
        .. Ambiguous(events, e => $"{e.Id.Id}"),
        .. Ambiguous(events, e => e.Name),
    ];

    private static IEnumerable<string> Ambiguous(IReadOnlyList<LogEvent> events, Func<LogEvent, string> key) =>
        from e in events
        from category in e.Categories
        group e by (category, key(e)) into same
        where same.Select(e => (e.Id.Id, e.Name, e.Message)).Distinct().Count() > 1
        select $"{same.Key.category} has several events {same.Key.Item2}: {string.Join(", ", same.Select(e => e.Place))}.";

    private static IEnumerable<LogEvent> Read(Assembly assembly)
    {
        var docs = new XmlDocs(assembly);
        foreach (var type in assembly.GetTypes())
        {
            foreach (var method in type.GetMethods(All))
                if (method.GetCustomAttribute<LoggerMessageAttribute>() is { } log)
                    yield return Create(docs, method, new(log.EventId, log.EventName), _ => [$"{log.Level}"], _ => log.Message);

            foreach (var field in type.GetFields(All).Where(field => field.IsStatic && field.FieldType == typeof(EventId)))
                yield return Create(docs, field, (EventId)field.GetValue(null)!, LevelsIn, doc => doc.Element("value")?.Element("c")?.Value ?? "");
        }
    }

    private static LogEvent Create(XmlDocs docs, MemberInfo member, EventId id, Func<XElement, IReadOnlyList<string>> levels, Func<XElement, string> message)
    {
        var doc = docs.Find(member);
        var categories = docs.FindWithOuter(member.DeclaringType).Prepend(doc).Select(outer => outer.Elements("seealso").Select(docs.Resolve).ToArray()).FirstOrDefault(found => found.Length > 0) ?? [];
        return new(
            $"{member.DeclaringType}.{member.Name}".Replace('+', '.'), id, categories, levels(doc), message(doc),
            XmlDocs.ToMarkdown(doc.Element("summary")), XmlDocs.ToMarkdown(doc.Element("remarks")));
    }

    // No attribute has them where a message is composed; tests that see such an event logged hold it against the page.
    private static IReadOnlyList<string> LevelsIn(XElement doc) => [.. doc.Elements("value").Elements("see").Select(XmlDocs.LastNameOf)];
}
