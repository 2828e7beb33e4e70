using AspNetSpiffe;

namespace System.Security.Claims;

/// <summary>Reads the SPIFFE identity of a principal: of <c>HttpContext.User</c>, of a hub's <c>Context.User</c>, or any other. Thread-safe; does not allocate.</summary>
public static class SpiffeClaimsPrincipalExtensions
{
    /// <summary>Gets the SPIFFE ID of the caller, or <see langword="null"/> when no scheme of this library has verified one.</summary>
    /// <param name="user">The user of a request or a connection.</param>
    public static SpiffeId? GetSpiffeId(this ClaimsPrincipal user) => user.GetSpiffeIdentity()?.Id;

    /// <summary>Gets the caller: the owner of a verified token, else the client that a trusted proxy forwarded, else the peer of the connection; <see langword="null"/> without an authenticated caller.</summary>
    /// <remarks>The credential was valid when it was verified, and may have expired since: see <see cref="SpiffeIdentity.ValidUntil"/>.</remarks>
    /// <param name="user">The user of a request or a connection.</param>
    public static SpiffeIdentity? GetSpiffeIdentity(this ClaimsPrincipal user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return Find(user, out _);
    }

    /// <summary>Finds the caller, and returns whether there are several.</summary>
    internal static SpiffeIdentity? Find(ClaimsPrincipal user, out bool isOneOfSeveral)
    {
        isOneOfSeveral = false;
        SpiffeIdentity? found = null;
        if (user.Identities is not IReadOnlyList<ClaimsIdentity> identities) identities = [.. user.Identities];

        // By index, to avoid the allocation of an enumerator.
        for (var i = 0; i < identities.Count; i++)
        {
            if (identities[i] is not SpiffeIdentity spiffe) continue;
            isOneOfSeveral = found is not null;
            if (found is null || found.Source < spiffe.Source) found = spiffe;
        }

        return found;
    }
}
