using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts each refused token and logs it. The token never stands there.</summary>
internal sealed class TokenRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications, RefusalHistory history)
{
    private readonly RequestRefusals _log = new("token", "spiffe.verify_token", new(1, "TokenRefused"), "AspNetSpiffe.Tokens", notifications, history, time);

    public void Tell(TokenVerdict verdict, HttpContext context)
    {
        metrics.TokenRefused(verdict.Reason);
        _log.Tell(
            verdict.Reason, verdict.Id, verdict.Problem, "docs/rejections.md#tokens", context,
            verdict.Reason == JwtRejectionReason.NoAnswer ? LogLevel.Warning : LogLevel.Information);
    }
}
