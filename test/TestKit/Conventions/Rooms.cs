using System.Text.RegularExpressions;

namespace AspNetSpiffe.TestKit;

/// <summary>Finds dependencies between the folders of a project with a scan of the source text: type names to folders, then used names to edges.</summary>
/// <remarks>It relies on the house rules: one namespace, file-scoped, so that a type of the top level begins in the first column.</remarks>
public static partial class Rooms
{
    /// <summary>Finds the edges between the first-level folders of a folder.</summary>
    public static IReadOnlyList<RoomEdge> EdgesIn(string folder) => EdgesAmong(SourceFile.ReadAll(folder));

    /// <summary>Finds the edges between the rooms of some files; one for each file and name.</summary>
    public static IReadOnlyList<RoomEdge> EdgesAmong(IReadOnlyList<SourceFile> files)
    {
        var code = files.Select(file => file with { Text = CommentsAndTexts().Replace(file.Text, " ") }).ToArray();
        var types = Owners(code, TypeDeclaration());
        var extensions = Owners(code, ExtensionMethod());

        var edges =
            from file in code
            from use in Name().Matches(file.Text)
            let name = use.Groups["name"].Value
            let owners = use.Groups["dot"].Success ? extensions : types
            where owners.ContainsKey(name) && !owners[name].Contains(file.Room)
            from owner in owners[name]
            select new RoomEdge(file.Room, owner, name, file.Path);
        return [.. edges.Distinct()];
    }

    /// <summary>Finds the edges that do not lead to the left. A room that the order does not name may not be used, nor use another.</summary>
    public static IReadOnlyList<RoomEdge> OutOfOrder(IEnumerable<RoomEdge> edges, params string[] order) =>
        [.. edges.Where(edge => Array.IndexOf(order, edge.To) < 0 || Array.IndexOf(order, edge.To) >= Array.IndexOf(order, edge.From))];

    /// <summary>Finds rooms that know each other in a circle, the first one again at the end; none when there is an order.</summary>
    public static IReadOnlyList<string> FindCycle(IReadOnlyCollection<RoomEdge> edges)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var room in edges.Select(edge => edge.From).Distinct())
            if (FindCycle(edges, room, [], done) is { Count: > 0 } cycle)
                return cycle;

        return [];
    }

    private static List<string> FindCycle(IReadOnlyCollection<RoomEdge> edges, string room, List<string> way, HashSet<string> done)
    {
        if (way.IndexOf(room) is var start and >= 0) return [.. way[start..], room];
        if (done.Contains(room)) return [];

        way.Add(room);
        foreach (var next in edges.Where(edge => edge.From == room).Select(edge => edge.To).Distinct())
            if (FindCycle(edges, next, way, done) is { Count: > 0 } cycle)
                return cycle;

        way.Remove(room);
        done.Add(room);
        return [];
    }

    private static Dictionary<string, HashSet<string>> Owners(IEnumerable<SourceFile> files, Regex declaration)
    {
        var owners = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var file in files)
            foreach (Match match in declaration.Matches(file.Text))
            {
                var name = match.Groups["name"].Value;
                if (!owners.TryGetValue(name, out var rooms)) owners[name] = rooms = new(StringComparer.Ordinal);
                rooms.Add(file.Room);
            }

        return owners;
    }

    // What stands in the holes of an interpolated text is lost with the text: such a use alone is not seen.
    [GeneratedRegex("""
        //[^\n]* | /\*.*?\*/ | \"{3,}.*?\"{3,} | [$@]*@[$]?"(?:[^"]|"")*" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentsAndTexts();

    [GeneratedRegex(@"^(?:(?:public|internal|file|static|sealed|abstract|partial|readonly|ref|unsafe)\s+)*(?:(?:class|interface|enum|struct|record(?:\s+(?:class|struct))?)\s+|delegate\s+[\w<>?,.\[\]\s]+?\s)(?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"\b(?<name>\w+)\s*(?:<[^<>()]*>)?\s*\(\s*this\s+\w")]
    private static partial Regex ExtensionMethod();

    // After a dot stands a member; only an extension method of ours interests us there. 'AspNetSpiffe.X' is a type nevertheless.
    [GeneratedRegex(@"(?<dot>(?<!\bAspNetSpiffe)\.\s*)?\b(?<name>[A-Za-z_]\w*)\b")]
    private static partial Regex Name();
}
