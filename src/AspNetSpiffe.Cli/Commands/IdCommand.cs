using System.CommandLine;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Output;
using AspNetSpiffe.Cli.Registration;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe id: shows the identities that the agent issues to this process, and the registration entry for it.</summary>
internal static class IdCommand
{
    public static Command Create()
    {
        var id = new Option<string?>("--spiffe-id") { Description = "The ID to register. Default: one derived from the service account, or the user.", HelpName = "ID" };
        var parent = new Option<string?>("--parent-id") { Description = "The ID of the agent; 'spire-server agent list' shows it.", HelpName = "ID" };
        var program = new Option<string?>("--program") { Description = "The program of the workload, for the selectors unix:path and unix:sha256.", HelpName = "FILE" };
        var account = new Option<string>("--service-account") { Description = "The directory that Kubernetes mounts into a Pod.", DefaultValueFactory = _ => ServiceAccount.DefaultFolder, HelpName = "DIR" };
        var (socket, json) = (SocketOption.Create(), JsonOption.Create());
        var command = new Command("id", "Shows what the agent issues to this process, the selectors by which SPIRE identifies it, and the command that registers it: exit code 0 if it has an identity, else 1.")
        {
            id, parent, program, account, socket, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var wanted = parsed.GetValue(id) is { } text ? UsageException.Parse(text, SpiffeId.Parse) : null;
            var agent = parsed.GetValue(parent) is { } name ? UsageException.Parse(name, SpiffeId.Parse) : null;
            var issued = await AskAsync(parsed.GetValue(socket), cancellationToken);
            var entry = Entry.Of(Selectors.OfProcess(), Selectors.OfProgram(parsed.GetValue(program)), ServiceAccount.Find(parsed.GetRequiredValue(account)), wanted, agent, issued);
            if (parsed.GetValue(json)) Json.Write(Of(entry, issued));
            else new Terminal().Show(entry, issued);
            return issued.Ids.Count > 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<Issued> AskAsync(string? socket, CancellationToken cancellationToken)
    {
        try
        {
            var context = await FetchCommand.AskAsync(socket, (client, patience) => client.FetchX509ContextAsync(patience), cancellationToken);
            return new([.. context.Svids.Select(static svid => svid.Id)], null);
        }
        catch (Exception e) when (e is WorkloadApiException or FormatException or TimeoutException)
        {
            return new([], e.Message);
        }
    }

    private static void Show(this Terminal terminal, Entry entry, Issued issued)
    {
        foreach (var id in issued.Ids) terminal.Title(id.ToString());
        if (issued.Problem is { } problem) terminal.Problem(problem);
        terminal.Blank();
        terminal.Heading("selectors", "what SPIRE's agent can see of this process");
        foreach (var selector in entry.Selectors) terminal.Field(selector.Counts ? "registers" : "", selector.Text);
        foreach (var remark in entry.Remarks) terminal.Note(remark);
        terminal.Blank();
        terminal.Heading("entry", issued.Ids.Count > 0 ? "the command for another one" : "on the SPIRE server");
        terminal.Copy(entry.Command);
    }

    private static JsonObject Of(Entry entry, Issued issued) => new()
    {
        ["issued"] = new JsonArray([.. issued.Ids.Select(static id => JsonValue.Create(id.ToString()))]),
        ["problem"] = issued.Problem,
        ["selectors"] = new JsonArray([.. entry.Selectors.Select(static selector => JsonValue.Create(selector.Text))]),
        ["remarks"] = new JsonArray([.. entry.Remarks.Select(static remark => JsonValue.Create(remark))]),
        ["command"] = entry.Command,
    };
}
