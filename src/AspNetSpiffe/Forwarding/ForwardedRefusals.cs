using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts and logs each rejected certificate of a proxy's client. The reason is sent neither to the proxy nor to the client, so it must be in our log.</summary>
internal sealed class ForwardedRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications, RefusalHistory history)
{
    /// <summary>
    /// A trusted proxy forwarded a certificate of its client that was rejected. The reason is not sent to either of them; the message has it. Rate-limited: level Debug after the first
    /// message per minute, reason and address.
    /// </summary>
    /// <remarks>See the reason in <see href="../rejections.md#forwarded">forwarded certificates</see>, with its meaning and remedy.</remarks>
    /// <value><see cref="LogLevel.Information"/>, <see cref="LogLevel.Debug"/>: <c>Rejected a forwarded certificate: {Reason}. {Problem}</c></value>
    /// <seealso cref="LogCategories.Forwarded"/>
    private static readonly EventId ForwardedCertificateRefused = new(1, "ForwardedCertificateRefused");

    private readonly RequestRefusals _log = new("forwarded certificate", "spiffe.verify_forwarded", ForwardedCertificateRefused, LogCategories.Forwarded, notifications, history, time);

    public void Tell(RejectionReason reason, SpiffeId? id, string? mistake, SpiffeForwardedAuthenticationOptions options, HttpContext context)
    {
        metrics.ForwardedRefused(reason);
        var problem = reason == RejectionReason.NotAllowed
            ? $"Allowed: {PatternList.Describe(options.AllowedPattern)}. To allow it, add its ID, or a pattern that matches it, to 'AllowedCallers'."
            : mistake;
        _log.Tell(reason, id, problem, "docs/rejections.md#forwarded", context);
    }
}
