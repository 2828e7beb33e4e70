using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>What a scheme says where the endpoint lets another speak for the caller, and the request has what that one reads: the other is to decide, so nobody is authenticated here.</summary>
/// <remarks>A request has one caller: a bad token is not made good by the connection that brought it, and no claim of the peer stands beside the token's.</remarks>
internal sealed class YieldingCaller : AuthenticateResult
{
    public YieldingCaller(ClaimsPrincipal caller)
    {
        Caller = caller;
        None = true;
    }

    /// <summary>Gets who was verified, for whoever asks for the certificate and not for the caller.</summary>
    public ClaimsPrincipal Caller { get; }
}
