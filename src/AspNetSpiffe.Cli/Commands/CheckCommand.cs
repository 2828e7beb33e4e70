using System.CommandLine;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;
using AspNetSpiffe.Cli.Settings;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe check: validates the section Spiffe of settings files as an application would at its start.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Settings files such as appsettings.json; a later one overrides an earlier one.", Arity = ArgumentArity.OneOrMore };
        var worker = new Option<bool>("--worker") { Description = "The application is not a server: it calls AddSpiffe(), not UseSpiffeMtls()." };
        var environment = new Option<bool>("--environment") { Description = "Include the environment variables of this process, as an application does." };
        var json = JsonOption.Create();
        var command = new Command("check", "Checks the section Spiffe of settings files as an application does at its start, without an agent: exit code 0 if it would start, 1 if a setting is wrong.") { files, worker, environment, json };
        command.SetAction(parsed => Run(SettingsCheck.Run(parsed.GetRequiredValue(files), parsed.GetValue(worker), parsed.GetValue(environment)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(SettingsVerdict verdict, bool json)
    {
        var isGood = verdict.Mistakes.Count == 0;
        if (json) Json.Write(new() { ["good"] = isGood, ["mistakes"] = ListOf(verdict.Mistakes), ["notChecked"] = ListOf(verdict.NotChecked) });
        else Show(new(), verdict);
        return isGood ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Show(Terminal terminal, SettingsVerdict verdict)
    {
        foreach (var mistake in verdict.Mistakes) terminal.Problem(mistake);
        if (verdict.Mistakes.Count == 0) terminal.Title("The SPIFFE settings are valid.");
        foreach (var remark in verdict.NotChecked) terminal.Note(remark);
    }

    private static JsonArray ListOf(IEnumerable<string> texts) => new([.. texts.Select(static text => JsonValue.Create(text))]);
}
