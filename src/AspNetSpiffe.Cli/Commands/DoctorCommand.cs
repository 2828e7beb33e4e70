using System.CommandLine;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Doctor;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe doctor: checks everything that an identity needs, and shows a remedy for each problem.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var (socket, json) = (SocketOption.Create(), JsonOption.Create());
        var timeout = new Option<string>("--timeout") { Description = "How long to wait for each response.", DefaultValueFactory = _ => "5s", HelpName = "TIME" };
        var command = new Command("doctor", "Checks address, socket, agent, identity, bundles, tokens and clock, each with a remedy: exit code 0 if nothing failed, else 1. Warnings do not change the exit code.") { socket, timeout, json };
        command.SetAction((parsed, cancellationToken) => RunAsync(new(parsed.GetValue(socket), UsageException.Parse(parsed.GetRequiredValue(timeout), Duration.Parse)), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Examination examination, bool json, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        var terminal = json ? null : new Terminal();
        await foreach (var finding in examination.RunAsync(cancellationToken))
        {
            findings.Add(finding);
            terminal?.Show(finding);
        }

        var healthy = findings.TrueForAll(static finding => finding.Verdict is Verdict.Ok or Verdict.Warning);
        if (json) Json.Write(Of(findings, healthy));
        return healthy ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Show(this Terminal terminal, Finding finding)
    {
        var tone = finding.Verdict switch { Verdict.Ok => Tone.Good, Verdict.Failed => Tone.Bad, Verdict.Warning => Tone.Doubtful, _ => Tone.Dim };
        terminal.Verdict(tone, finding.Verdict.ToString().ToLowerInvariant(), finding.Check, finding.Found);
        if (finding.Verdict != Doctor.Verdict.Ok && finding.Remedy is { } remedy) terminal.Remedy(remedy);
    }

    private static JsonObject Of(IEnumerable<Finding> findings, bool healthy) => new()
    {
        ["healthy"] = healthy,
        ["checks"] = new JsonArray([.. findings.Select(static finding => new JsonObject
        {
            ["check"] = finding.Check,
            ["verdict"] = finding.Verdict.ToString().ToLowerInvariant(),
            ["found"] = finding.Found,
            ["remedy"] = finding.Remedy,
        })]),
    };
}
