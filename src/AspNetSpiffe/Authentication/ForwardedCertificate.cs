using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>What came of the certificate that a trusted proxy has forwarded with a request. Lives in the features of the request.</summary>
/// <param name="Scheme">The scheme whose proxy has forwarded it.</param>
/// <param name="Peer">Whose it is, if it was verified and may call.</param>
/// <param name="Reason">Why not, if not.</param>
/// <param name="CountsAsPeer">Whether it stands for the certificate of the connection.</param>
internal sealed record ForwardedCertificate(string Scheme, SpiffePeer? Peer, RejectionReason Reason, bool CountsAsPeer)
{
    public static ForwardedCertificate? Of(HttpContext context) => context.Features.Get<ForwardedCertificate>();
}
