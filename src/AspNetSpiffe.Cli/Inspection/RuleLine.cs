using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>One rule for display, with a link to the documentation of a violated one.</summary>
internal sealed record RuleLine(string Clause, string Text, RuleOutcome Outcome, string? Reason = null, string? Detail = null, string? Page = null)
{
    public static RuleLine OfCertificate(InspectedRule rule) => new(rule.Clause, rule.Text, rule.Outcome, rule.Reason, rule.Detail, rule.Reason is { } reason ? Pages.OfRejection(reason) : null);

    public static RuleLine OfToken(InspectedRule rule) => new(rule.Clause, rule.Text, rule.Outcome, rule.Reason, rule.Detail, rule.Reason is null ? null : Pages.OfTokens);
}

/// <summary>The report on a file: its identity, some of its fields, and each rule.</summary>
/// <param name="Kind">The kind of content.</param>
/// <param name="Title">The identity, as far as it can be read.</param>
/// <param name="Fields">Some of its fields: never a key, a signature or a token.</param>
/// <param name="Rules">The rules, in the order of the verifier.</param>
/// <param name="NotChecked">The skipped checks, and the input that they need.</param>
internal sealed record Report(FileKind Kind, string Title, IReadOnlyList<(string Name, string Value)> Fields, IReadOnlyList<RuleLine> Rules, string? NotChecked = null)
{
    public bool IsGood => Rules.All(static rule => rule.Outcome != RuleOutcome.Broken);
}
