namespace AspNetSpiffe;

/// <summary>Joins what is wrong with the parts of a message: the first of them speak for all.</summary>
internal static class RemarkList
{
    private const int Most = 5;

    public static string Join(IReadOnlyCollection<string> remarks)
    {
        var text = string.Join(' ', remarks.Take(Most));
        return remarks.Count > Most ? $"{text} And {remarks.Count - Most} more." : text;
    }
}
