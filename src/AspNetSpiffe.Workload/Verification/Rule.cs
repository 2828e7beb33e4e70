using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>One rule of a verifier. A verifier checks its rules in order and stops at the first violation; an inspection checks all rules that can be checked.</summary>
/// <param name="Clause">The section of the standard.</param>
/// <param name="Text">The rule, in one sentence.</param>
/// <param name="Check">Returns the reason of a violation; the default if the rule is met. Called when all rules before it are met.</param>
/// <param name="CanBeAsked">Determines whether the rule can be checked when rules before it are violated.</param>
/// <param name="Explain">Returns details of a violation.</param>
internal sealed record Rule<TFacts, TReason>(
    string Clause, string Text, Func<TFacts, TReason> Check, Func<TFacts, bool>? CanBeAsked = null, Func<TFacts, string?>? Explain = null)
    where TFacts : struct
    where TReason : struct, Enum;

/// <summary>Evaluates lists of rules.</summary>
internal static class Rules
{
    /// <summary>Returns the reason of the first violated rule; the default if there is none.</summary>
    public static TReason FindBroken<TFacts, TReason>(this ImmutableArray<Rule<TFacts, TReason>> rules, TFacts facts)
        where TFacts : struct
        where TReason : struct, Enum
    {
        foreach (var rule in rules)
            if (rule.Check(facts) is var reason && !IsKept(reason))
                return reason;

        return default;
    }

    /// <summary>Checks each rule separately.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="facts">The input of the rules; <see langword="null"/> if it could not be read.</param>
    /// <param name="unreadable">The reason of a rule whose check fails because something cannot be read.</param>
    public static IEnumerable<InspectedRule> Inspect<TFacts, TReason>(this ImmutableArray<Rule<TFacts, TReason>> rules, TFacts? facts, TReason unreadable)
        where TFacts : struct
        where TReason : struct, Enum => rules.Select(rule => Inspect(rule, facts, unreadable));

    private static InspectedRule Inspect<TFacts, TReason>(Rule<TFacts, TReason> rule, TFacts? facts, TReason unreadable)
        where TFacts : struct
        where TReason : struct, Enum
    {
        if (facts is not { } known || rule.CanBeAsked?.Invoke(known) is false) return new(rule.Clause, rule.Text, RuleOutcome.NotReached);

        var reason = Ask(rule, known, unreadable);
        return IsKept(reason) ? new(rule.Clause, rule.Text, RuleOutcome.Kept) : new(rule.Clause, rule.Text, RuleOutcome.Broken, reason.ToString(), rule.Explain?.Invoke(known));
    }

    private static TReason Ask<TFacts, TReason>(Rule<TFacts, TReason> rule, TFacts facts, TReason unreadable)
        where TFacts : struct
        where TReason : struct, Enum
    {
        try
        {
            return rule.Check(facts);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return unreadable;
        }
    }

    private static bool IsKept<TReason>(TReason reason) where TReason : struct, Enum => EqualityComparer<TReason>.Default.Equals(reason, default);
}
