using AspNetSpiffe.Cli.Output;

namespace AspNetSpiffe.Cli.Inspection;

/// <summary>One rule as it is shown, and where the documentation says more about a broken one.</summary>
internal sealed record RuleLine(string Clause, string Text, RuleOutcome Outcome, string? Reason = null, string? Detail = null, string? Page = null)
{
    public static RuleLine OfCertificate(InspectedRule rule) => new(rule.Clause, rule.Text, rule.Outcome, rule.Reason, rule.Detail, rule.Reason is { } reason ? Pages.OfRejection(reason) : null);

    public static RuleLine OfToken(InspectedRule rule) => new(rule.Clause, rule.Text, rule.Outcome, rule.Reason, rule.Detail, rule.Reason is null ? null : Pages.OfTokens);
}

/// <summary>What was found in a file: whom it is about, some of what it says, and each rule.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Title">Whom it is about, as far as that can be read.</param>
/// <param name="Fields">Some of what it says: never a key, a signature or a token.</param>
/// <param name="Rules">The rules, in the order of the verifier.</param>
/// <param name="NotChecked">What was ignored, and what to give so that it is not.</param>
internal sealed record Report(FileKind Kind, string Title, IReadOnlyList<(string Name, string Value)> Fields, IReadOnlyList<RuleLine> Rules, string? NotChecked = null)
{
    public bool IsGood => Rules.All(static rule => rule.Outcome != RuleOutcome.Broken);
}
