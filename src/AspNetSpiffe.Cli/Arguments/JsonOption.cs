using System.CommandLine;

namespace AspNetSpiffe.Cli;

/// <summary>--json: for programs. Results go to the standard output, and an error, one line, to the standard error.</summary>
internal static class JsonOption
{
    public const string Name = "--json";

    public static Option<bool> Create(string description = "Write JSON.") => new(Name) { Description = description };
}
