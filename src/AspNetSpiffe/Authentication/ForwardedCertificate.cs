using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>The result of verifying the certificate that a trusted proxy forwarded with a request. Stored in the features of the request.</summary>
/// <param name="Scheme">The scheme that trusts the proxy.</param>
/// <param name="Peer">The verified and allowed client; <see langword="null"/> if it was rejected.</param>
/// <param name="Reason">The rejection reason.</param>
/// <param name="CountsAsPeer">Whether it replaces the certificate of the connection.</param>
internal sealed record ForwardedCertificate(string Scheme, SpiffePeer? Peer, RejectionReason Reason, bool CountsAsPeer)
{
    public static ForwardedCertificate? Of(HttpContext context) => context.Features.Get<ForwardedCertificate>();
}
