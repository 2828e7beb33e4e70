namespace AspNetSpiffe;

/// <summary>One rule of a standard or of this library, and whether the inspected certificate or token complies with it. Immutable and thread-safe.</summary>
/// <remarks>For diagnosis. Only the verifiers decide whether a peer is accepted; their rejection reason is that of the first violated rule.</remarks>
public sealed class InspectedRule
{
    internal InspectedRule(string clause, string text, RuleOutcome outcome, string? reason = null, string? detail = null) =>
        (Clause, Text, Outcome, Reason, Detail) = (clause, text, outcome, reason, detail);

    /// <summary>Gets the section of the standard that contains the rule, for example <c>X509-SVID §5.2</c>.</summary>
    public string Clause { get; }

    /// <summary>Gets the rule, in one sentence.</summary>
    public string Text { get; }

    /// <summary>Gets the outcome of the check.</summary>
    public RuleOutcome Outcome { get; }

    /// <summary>Gets the name of the <see cref="RejectionReason"/> or <see cref="JwtRejectionReason"/> of a violated rule; otherwise <see langword="null"/>.</summary>
    public string? Reason { get; }

    /// <summary>Gets details of the violation, if there are any; without any part of a key or a signature.</summary>
    public string? Detail { get; }

    /// <summary>Returns the outcome, the section and the rule.</summary>
    public override string ToString() => $"{Outcome}: {Clause}: {Text}{(Reason is null ? "" : $" ({Reason})")}";
}

/// <summary>The outcome of one rule.</summary>
public enum RuleOutcome
{
    /// <summary>The rule is met.</summary>
    Kept,

    /// <summary>The rule is violated.</summary>
    Broken,

    /// <summary>The rule could not be checked: an earlier rule is violated, or a bundle, an audience or other input is missing.</summary>
    NotReached,
}
