using System.CommandLine;
using System.Globalization;
using System.Text;
using AspNetSpiffe.Cli;

namespace AspNetSpiffe.Reference;

/// <summary>docs/reference/cli.md: every command of aspnet-spiffe with its arguments and options, as its parser has them.</summary>
internal static class CommandPage
{
    private const string Introduction =
        """
        # Commands and options of aspnet-spiffe

        Every command as its `--help` describes it. [The command line](../command-line.md) shows each by example, with its exit codes.

        This page is generated: `build/reference` makes it from the code, and a test fails when it is not current.

        """;

    public static string Write()
    {
        var text = new StringBuilder(Introduction);
        foreach (var command in CommandLine.Create().Subcommands) Append(text, command, command.Name);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Command command, string path)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {path}\n\n{command.Description}\n");
        string[] rows =
        [
            .. command.Arguments.Select(static argument => $"| `{argument.Name}` | | {Cell(argument.Description)} |\n"),
            .. command.Options.Select(static option => $"| {string.Join(", ", option.Aliases.Prepend(option.Name).Select(static name => $"`{name}`"))} | {(option.HelpName is { } value ? $"`{value}`" : "")} | {Cell(option.Description)}{DefaultOf(option)} |\n"),
        ];
        if (rows.Length > 0) text.Append("\n| argument or option | value | what |\n|---|---|---|\n").AppendJoin("", rows);
        foreach (var sub in command.Subcommands) Append(text, sub, $"{path} {sub.Name}");
    }

    private static string DefaultOf(Option option) =>
        option.Required ? " Required." : option.HasDefaultValue && option.ValueType != typeof(bool) && $"{option.GetDefaultValue()}" is { Length: > 0 } value ? $" Default: `{value}`." : "";

    // A bar would end the cell, and what is between < and > would be HTML.
    private static string Cell(string? text) => $"{text}".Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
