using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;

namespace AspNetSpiffe;

/// <summary>Describes one requirement, and whether an ID meets it.</summary>
internal static class RuleReader
{
    /// <summary>Reads a requirement.</summary>
    /// <param name="requirement">The requirement.</param>
    /// <param name="scheme">The scheme of the application that authenticates the caller; <see langword="null"/> if it is one of ours.</param>
    /// <param name="id">The queried ID, if any.</param>
    public static RuleReport Read(IAuthorizationRequirement requirement, string? scheme, SpiffeId? id) => requirement switch
    {
        PeerRequirement peer => new("certificate", peer.IsPathPrefix ? $"path {peer.Whom}" : peer.Whom, id is null ? null : Judge(peer, id)),
        SpiffeRequirement caller => new("caller", caller.Pattern.ToString(), id is null ? null : Judge(caller, scheme, id)),
        DenyAnonymousAuthorizationRequirement => new("user", "authenticated", id is null ? null : JudgeUser(scheme)),
        _ => new("application", requirement.GetType().Name, id is null ? null : new(Answer.Depends, $"The application decides ({requirement.GetType().Name}).")),
    };

    private static AnswerReport Judge(PeerRequirement peer, SpiffeId id) => peer.IsMet(id)
        ? new(Answer.Yes, $"Its certificate meets '{peer.Whom}'.")
        : new(Answer.No, peer.IsPathPrefix ? $"Its path does not begin with '{peer.Whom}'." : $"It does not match '{peer.Whom}'.");

    private static AnswerReport Judge(SpiffeRequirement caller, string? scheme, SpiffeId id) => (caller.Pattern.Matches(id), scheme) switch
    {
        (false, _) => new(Answer.No, $"It does not match '{caller.Pattern}'."),
        (true, null) => new(Answer.Yes, $"It matches '{caller.Pattern}'."),
        _ => new(Answer.Depends, $"It matches '{caller.Pattern}', and the scheme '{scheme}' of the application decides who the caller is."),
    };

    // A certificate does not authenticate a user if another scheme of the application authenticates users.
    private static AnswerReport JudgeUser(string? scheme) => scheme is null
        ? new(Answer.Yes, "A verified caller is authenticated.")
        : new(Answer.Depends, $"The scheme '{scheme}' of the application decides who is authenticated.");
}
