using System.CommandLine;
using System.Text.Json.Nodes;
using AspNetSpiffe.Cli.Inspection;
using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Commands;

/// <summary>aspnet-spiffe inspect: checks a certificate, a bundle or a token against each rule of the standards.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A certificate with its chain (PEM, DER), a bundle (JSON, PEM, DER), a bundle map or a token; '-' reads standard input." };
        var kind = new Choice<FileKind>("--as", "The kind of the file, if it cannot be detected.");
        var role = new Choice<PeerRole>("--role", "The role of the owner of a certificate. Default: client.");
        var bundle = new Option<string?>("--bundle") { Description = "A file with the bundle to verify with: PEM, a bundle document or a bundle map.", HelpName = "FILE" };
        var trustDomain = new Option<string?>("--trust-domain") { Description = "Whose bundle it is. Default: that of the certificate or token.", HelpName = "NAME" };
        var socket = new Option<string?>("--socket") { Description = "Verify with the bundles of this Workload API.", HelpName = "ADDRESS" };
        var audience = new Option<string[]>("--audience") { Description = "An audience that the token must have. May be repeated.", HelpName = "NAME" };
        var json = JsonOption.Create();
        var command = new Command("inspect", "Checks a certificate, a bundle or a token against each rule of the standards, by clause: exit code 0 if no rule is broken, else 1. Never prints keys or tokens.")
        {
            file, kind.Option, role.Option, bundle, trustDomain, socket, audience, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var read = InspectedFile.Read(parsed.GetRequiredValue(file));
            var what = kind.Find(parsed) ?? read.Detect();
            var whose = parsed.GetValue(trustDomain) is { } name ? UsageException.Parse(name, TrustDomain.Parse) : null;
            var known = await FindBundlesAsync(read, what, parsed.GetValue(bundle), whose, parsed.GetValue(socket), cancellationToken);
            var now = TimeProvider.System.GetUtcNow();
            var report = what switch
            {
                FileKind.Token => TokenReport.Make(read.Text, known.Jwt, parsed.GetValue(audience) ?? [], now),
                FileKind.Bundle => BundleReport.Make(read, whose, now),
                _ => CertificateReport.Make(read.ReadCertificates(), known.X509, role.Find(parsed) ?? PeerRole.Client, now),
            };

            if (parsed.GetValue(json)) Json.Write(Of(report));
            else new Terminal().Show(report);
            return report.IsGood ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<KnownBundles> FindBundlesAsync(InspectedFile read, FileKind kind, string? bundle, TrustDomain? whose, string? socket, CancellationToken cancellationToken)
    {
        if (bundle is not null && socket is not null) throw new UsageException("Give --bundle or --socket, not both: only one bundle of a trust domain can be used.");
        if (kind == FileKind.Bundle) return bundle is null && socket is null ? KnownBundles.None : throw new UsageException("A bundle is not verified with another bundle: --bundle and --socket are for certificates and tokens.");
        if (socket is not null) return await FetchCommand.AskAsync(socket, (client, patience) => KnownBundles.FetchAsync(client, kind, patience), cancellationToken);
        if (bundle is null) return KnownBundles.None;

        var id = kind == FileKind.Token ? TokenReport.FindId(read.Text) : CertificateReport.FindId(read.ReadCertificates());
        return KnownBundles.Read(InspectedFile.Read(bundle), whose ?? id?.TrustDomain);
    }

    private static void Show(this Terminal terminal, Report report)
    {
        terminal.Title(report.Title);
        foreach (var (name, value) in report.Fields) terminal.Field(name, value);
        terminal.Blank();
        var width = report.Rules.Max(static rule => rule.Clause.Length) + 2;
        foreach (var rule in report.Rules)
        {
            terminal.Verdict(ToneOf(rule.Outcome), Name(rule.Outcome), rule.Clause.PadRight(width), rule.Text);
            if (rule.Outcome == RuleOutcome.Broken) terminal.Remedy(string.Join(' ', new[] { rule.Reason is null ? null : $"{rule.Reason}.", rule.Detail, rule.Page is null ? null : $"See {rule.Page}." }.OfType<string>()));
        }

        terminal.Blank();
        terminal.Note(string.Join(", ", report.Rules.GroupBy(static rule => rule.Outcome).OrderBy(static group => group.Key).Select(static group => $"{group.Count()} {Name(group.Key)}")));
        if (report.NotChecked is { } notChecked) terminal.Note(notChecked);
    }

    private static Tone ToneOf(RuleOutcome outcome) => outcome switch { RuleOutcome.Kept => Tone.Good, RuleOutcome.Broken => Tone.Bad, _ => Tone.Dim };

    private static string Name(RuleOutcome outcome) => outcome switch { RuleOutcome.Kept => "ok", RuleOutcome.Broken => "broken", _ => "skipped" };

    private static JsonObject Of(Report report) => new()
    {
        ["kind"] = report.Kind.ToString().ToLowerInvariant(),
        ["title"] = report.Title,
        ["good"] = report.IsGood,
        ["notChecked"] = report.NotChecked,
        ["fields"] = new JsonArray([.. report.Fields.Select(static field => new JsonObject { ["name"] = field.Name, ["value"] = field.Value })]),
        ["rules"] = new JsonArray([.. report.Rules.Select(static rule => new JsonObject
        {
            ["clause"] = rule.Clause,
            ["rule"] = rule.Text,
            ["outcome"] = Name(rule.Outcome),
            ["reason"] = rule.Reason,
            ["detail"] = rule.Detail,
            ["page"] = rule.Page,
        })]),
    };
}
