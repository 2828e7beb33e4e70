using System.Globalization;
using System.Reflection;
using System.Text;

namespace AspNetSpiffe.Reference;

/// <summary>docs/reference/log-events.md: a section for each name of an event.</summary>
internal static class LogEventPage
{
    private const string Introduction =
        """
        # Log events

        Each event that the libraries log: what happened, why it is logged, and what to do. Find it by the name of the event, or by category and id. The heading of
        an event is its stable address: `docs/reference/log-events.md#svidrenewed`. The reasons of rejections are in [rejections](../rejections.md).

        Names, categories and ids do not change. A category is set to another level as always, `"Logging": { "LogLevel": { "AspNetSpiffe.Handshake": "Debug" } }`, and
        `AspNetSpiffe` stands for all of them. No key and no token is in any message.

        This page is generated: `build/reference` makes it from the code and its documentation, and a test fails when it is not current.

        ## By category

        | category | events |
        |---|---|

        """;

    public static string Write(IReadOnlyList<Assembly> assemblies)
    {
        var events = LogEvent.ReadAll(assemblies);
        if (LogEvent.MistakesIn(events).ToList() is { Count: > 0 } mistakes) throw new FormatException(string.Join('\n', mistakes));

        var rows = events.SelectMany(e => e.Categories.Select(category => (Category: category, Event: e)))
            .OrderBy(row => row.Category, StringComparer.Ordinal).ThenBy(row => row.Event.Id.Id).ThenBy(row => row.Event.Place, StringComparer.Ordinal).ToList();
        var text = new StringBuilder(Introduction);
        foreach (var category in rows.GroupBy(row => row.Category))
            text.Append(CultureInfo.InvariantCulture, $"| `{category.Key}` | {string.Join(", ", category.Select(row => Link(row.Event)).Distinct())} |\n");

        foreach (var name in rows.Select(row => row.Event).Distinct().GroupBy(e => e.Name)) AppendSection(text, name);
        return text.ToString();
    }

    private static string Link(LogEvent e) => $"{e.Id.Id} [{e.Name}](#{e.Name.ToLowerInvariant()})";

    private static void AppendSection(StringBuilder text, IGrouping<string, LogEvent> events)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {events.Key}\n");
        foreach (var alike in events.GroupBy(Rows))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n| category | id | level | message |\n|---|---|---|---|\n{alike.Key}");
            foreach (var e in alike) text.Append(CultureInfo.InvariantCulture, $"\n{e.What}\n\n**What to do:** {e.ToDo}\n");
        }
    }

    private static string Rows(LogEvent e) => string.Concat(e.Categories.Select(category => $"| `{category}` | {e.Id.Id} | {string.Join(", ", e.Levels)} | `{e.Message}` |\n"));
}
