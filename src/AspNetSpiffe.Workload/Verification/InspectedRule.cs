namespace AspNetSpiffe;

/// <summary>One rule of a standard, or of ours, and whether what was inspected keeps it. Immutable.</summary>
/// <remarks>For the diagnosis of a certificate or a token. Only the verifiers decide whether a peer is accepted: their reason is the first broken rule.</remarks>
public sealed class InspectedRule
{
    internal InspectedRule(string clause, string text, RuleOutcome outcome, string? reason = null, string? detail = null) =>
        (Clause, Text, Outcome, Reason, Detail) = (clause, text, outcome, reason, detail);

    /// <summary>Gets the clause that the rule comes from, for example <c>X509-SVID §5.2</c>.</summary>
    public string Clause { get; }

    /// <summary>Gets what must hold, in one sentence.</summary>
    public string Text { get; }

    /// <summary>Gets whether it holds.</summary>
    public RuleOutcome Outcome { get; }

    /// <summary>Gets the name of the <see cref="RejectionReason"/> or <see cref="JwtRejectionReason"/> of a broken rule; otherwise <see langword="null"/>.</summary>
    public string? Reason { get; }

    /// <summary>Gets what exactly is wrong, where more is known than the rule says; without any part of a key or a signature.</summary>
    public string? Detail { get; }

    /// <summary>Returns the clause, the rule and the outcome.</summary>
    public override string ToString() => $"{Outcome}: {Clause}: {Text}{(Reason is null ? "" : $" ({Reason})")}";
}

/// <summary>The outcome of one rule.</summary>
public enum RuleOutcome
{
    /// <summary>It holds.</summary>
    Kept,

    /// <summary>It does not hold.</summary>
    Broken,

    /// <summary>It could not be checked: because an earlier rule is broken, or a bundle, an audience or other input is missing.</summary>
    NotReached,
}
