using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>The result (no result) of a scheme if another scheme of the endpoint takes precedence and the request has the credential of that scheme.</summary>
/// <remarks>A request has one caller: an invalid token is not replaced by the peer of the connection, and claims of peer and token are not mixed.</remarks>
internal sealed class YieldingCaller : AuthenticateResult
{
    public YieldingCaller(ClaimsPrincipal caller)
    {
        Caller = caller;
        None = true;
    }

    /// <summary>Gets the verified peer, for requirements on the certificate instead of the caller.</summary>
    public ClaimsPrincipal Caller { get; }
}
