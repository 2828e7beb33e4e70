namespace AspNetSpiffe;

/// <summary>One rule of a standard, or of ours, and whether what was inspected keeps it. Immutable.</summary>
/// <remarks>For people who look into a certificate or a token. Who may connect or call, only the verifiers decide: the first rule that is broken is their reason.</remarks>
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

    /// <summary>Gets what exactly is wrong, where more is known than the rule says; never anything of a key or a signature.</summary>
    public string? Detail { get; }

    /// <summary>Gives the clause, the rule and the outcome.</summary>
    public override string ToString() => $"{Outcome}: {Clause}: {Text}{(Reason is null ? "" : $" ({Reason})")}";
}

/// <summary>What came of one rule.</summary>
public enum RuleOutcome
{
    /// <summary>It holds.</summary>
    Kept,

    /// <summary>It does not hold.</summary>
    Broken,

    /// <summary>It could not be asked: because of a rule before it that is broken, or for want of a bundle, an audience or the like.</summary>
    NotReached,
}
