namespace AspNetSpiffe;

/// <summary>Joins the remarks about a message: the first few, and the number of the others.</summary>
internal static class RemarkList
{
    private const int Most = 5;

    public static string Join(IReadOnlyCollection<string> remarks)
    {
        var text = string.Join(' ', remarks.Take(Most));
        return remarks.Count > Most ? $"{text} And {remarks.Count - Most} more." : text;
    }
}
