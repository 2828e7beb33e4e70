using System.CommandLine;

namespace AspNetSpiffe.Cli;

/// <summary>--json: machine-readable output. Results go to the standard output, an error, as one line, to the standard error.</summary>
internal static class JsonOption
{
    public const string Name = "--json";

    public static Option<bool> Create(string description = "Write JSON.") => new(Name) { Description = description };
}
