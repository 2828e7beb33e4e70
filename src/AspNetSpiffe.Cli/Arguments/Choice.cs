using System.CommandLine;

namespace AspNetSpiffe.Cli;

/// <summary>An option with a fixed set of values, case-insensitive.</summary>
internal sealed class Choice<T>(string name, string description) where T : struct, Enum
{
    private static readonly string[] Names = Enum.GetNames<T>();

    public Option<string?> Option { get; } = new(name) { Description = description, HelpName = string.Join('|', Names.Select(static n => n.ToLowerInvariant())) };

    /// <exception cref="UsageException">The value is not one of the set.</exception>
    public T? Find(ParseResult parsed) => parsed.GetValue(Option) switch
    {
        null => null,
        var text when Names.Contains(text, StringComparer.OrdinalIgnoreCase) => Enum.Parse<T>(text, ignoreCase: true),
        var text => throw new UsageException($"'{text}' is not a value of {Option.Name}; the nearest is '{Nearest.Of(text, Names).ToLowerInvariant()}'. It may be {string.Join(", ", Names.Select(static n => n.ToLowerInvariant()))}."),
    };
}
