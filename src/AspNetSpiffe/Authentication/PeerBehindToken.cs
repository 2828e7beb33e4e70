using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace AspNetSpiffe;

/// <summary>What the scheme <c>Spiffe</c> says where the request has a token, and its endpoint lets either speak: the token is to decide, so nobody is authenticated here.</summary>
/// <remarks>A request has one caller: a bad token is not made good by the connection that brought it, and no claim of the peer stands beside the token's.</remarks>
internal sealed class PeerBehindToken : AuthenticateResult
{
    public PeerBehindToken(ClaimsPrincipal peer)
    {
        Peer = peer;
        None = true;
    }

    /// <summary>Gets the verified peer, for whoever asks for the certificate and not for the caller.</summary>
    public ClaimsPrincipal Peer { get; }
}
