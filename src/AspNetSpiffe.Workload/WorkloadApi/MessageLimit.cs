namespace AspNetSpiffe;

/// <summary>Counts what a message holds before any of it is read.</summary>
internal static class MessageLimit
{
    /// <exception cref="FormatException">There is more than the limit allows; the text names the limit.</exception>
    public static void Check(int count, string what, int limit, string name)
    {
        if (count > limit) throw new FormatException($"The message has {count} {what}; the limit ({name}) is {limit}.");
    }
}
