using System.CommandLine;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe match: shows whether a pattern matches an ID.</summary>
internal static class MatchCommand
{
    public static Command Create()
    {
        var pattern = new Argument<string>("PATTERN") { Description = "A pattern of SPIFFE IDs, for example spiffe://example.org/ns/shop/**, or several separated by commas." };
        var id = new Argument<string>("ID") { Description = "A SPIFFE ID." };
        var json = JsonOption.Create();
        var command = new Command("match", "Says whether a pattern matches a SPIFFE ID: exit code 0 if it does, 1 if not, 2 if one of them is malformed.") { pattern, id, json };
        command.SetAction(parsed => Run(
            UsageException.Parse(parsed.GetRequiredValue(pattern), SpiffeIdPattern.Parse), UsageException.Parse(parsed.GetRequiredValue(id), SpiffeId.Parse), parsed.GetValue(json)));
        return command;
    }

    private static int Run(SpiffeIdPattern pattern, SpiffeId id, bool json)
    {
        var part = PatternPart.Find(pattern, id);
        if (json) Json.Write(new() { ["matches"] = part is not null, ["id"] = id.ToString(), ["pattern"] = pattern.ToString(), ["matchedBy"] = part });
        else if (part is null) new Terminal().Title($"no: {pattern} does not match {id}");
        else new Terminal().Title($"yes: {part} matches {id}");
        return part is null ? ExitCode.Failed : ExitCode.Done;
    }
}
