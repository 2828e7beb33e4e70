using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace AspNetSpiffe;

/// <summary>One rule of a verifier, which asks its rules in order and stops at the first that is broken. An inspection asks all that can be asked.</summary>
/// <param name="Clause">Where it stands.</param>
/// <param name="Text">What must hold.</param>
/// <param name="Check">Gives the reason why it is broken; the default where it is kept. Asked after the rules before it, of which none is broken.</param>
/// <param name="CanBeAsked">Says whether it makes sense when rules before it are broken.</param>
/// <param name="Explain">Says more about what is wrong.</param>
internal sealed record Rule<TFacts, TReason>(
    string Clause, string Text, Func<TFacts, TReason> Check, Func<TFacts, bool>? CanBeAsked = null, Func<TFacts, string?>? Explain = null)
    where TFacts : struct
    where TReason : struct, Enum;

/// <summary>Rules in their order.</summary>
internal static class Rules
{
    /// <summary>Returns the reason of the first rule that is broken; the default where none is.</summary>
    public static TReason FindBroken<TFacts, TReason>(this ImmutableArray<Rule<TFacts, TReason>> rules, TFacts facts)
        where TFacts : struct
        where TReason : struct, Enum
    {
        foreach (var rule in rules)
            if (rule.Check(facts) is var reason && !IsKept(reason))
                return reason;

        return default;
    }

    /// <summary>Asks each rule by itself.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="facts">What they are asked about; none, where it could not even be read.</param>
    /// <param name="unreadable">The reason of a rule in whose check something cannot be read.</param>
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
