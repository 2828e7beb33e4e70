using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>Counts each refused certificate of a proxy's client and logs it: neither proxy nor client sees a reason, so the reason must stand in our log.</summary>
internal sealed class ForwardedRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications, RefusalHistory history)
{
    private readonly RequestRefusals _log = new("forwarded certificate", "spiffe.verify_forwarded", new(1, "ForwardedCertificateRefused"), "AspNetSpiffe.Forwarded", notifications, history, time);

    public void Tell(RejectionReason reason, SpiffeId? id, string? mistake, SpiffeForwardedAuthenticationOptions options, HttpContext context)
    {
        metrics.ForwardedRefused(reason);
        var problem = reason == RejectionReason.NotAllowed
            ? $"Allowed: {PatternList.Describe(options.AllowedPattern)}. To let it call, add its ID, or a pattern that matches it, to 'AllowedCallers'."
            : mistake;
        _log.Tell(reason, id, problem, "docs/rejections.md#forwarded", context);
    }
}
