namespace AspNetSpiffe.Cli;

/// <summary>The command line is invalid; the message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>Parses a value of the command line.</summary>
    /// <exception cref="UsageException">The text is not a valid value.</exception>
    public static T Parse<T>(string text, Func<string, T> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
