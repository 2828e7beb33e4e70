using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts and logs each rejected token. The token itself is never logged.</summary>
internal sealed class TokenRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications, RefusalHistory history)
{
    /// <summary>
    /// The token of a request was rejected. The reason is not sent to the caller; the message has it. Level Warning if the agent did not respond. Rate-limited: level Debug after
    /// the first message per minute, reason and address.
    /// </summary>
    /// <remarks>See the reason in <see href="../rejections.md#tokens">tokens</see>, with its meaning and remedy.</remarks>
    /// <value><see cref="LogLevel.Information"/>, <see cref="LogLevel.Warning"/>, <see cref="LogLevel.Debug"/>: <c>Rejected a token: {Reason}. {Problem}</c></value>
    /// <seealso cref="LogCategories.Tokens"/>
    private static readonly EventId TokenRefused = new(1, "TokenRefused");

    private readonly RequestRefusals _log = new("token", "spiffe.verify_token", TokenRefused, LogCategories.Tokens, notifications, history, time);

    public void Tell(TokenVerdict verdict, HttpContext context)
    {
        metrics.TokenRefused(verdict.Reason);
        _log.Tell(
            verdict.Reason, verdict.Id, verdict.Problem, "docs/rejections.md#tokens", context,
            verdict.Reason == JwtRejectionReason.NoAnswer ? LogLevel.Warning : LogLevel.Information);
    }
}
