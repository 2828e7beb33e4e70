namespace AspNetSpiffe.Cli;

/// <summary>The name that somebody may have meant.</summary>
internal static class Nearest
{
    /// <summary>Gives the one that takes the fewest letters to insert, remove or exchange.</summary>
    public static string Of(string text, IEnumerable<string> names) => names.MinBy(name => Distance(text, name))!;

    private static int Distance(string one, string other)
    {
        var last = Enumerable.Range(0, other.Length + 1).ToArray();
        foreach (var (i, letter) in one.Index())
        {
            var row = new int[last.Length];
            row[0] = i + 1;
            for (var j = 1; j < row.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + (letter == other[j - 1] ? 0 : 1));
            last = row;
        }

        return last[^1];
    }
}
