using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts each refused token and logs it. The token never stands there.</summary>
internal sealed class TokenRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications, RefusalHistory history)
{
    /// <summary>
    /// A request brought a token that is not accepted. Its sender sees no reason; the line has it. It is a warning where the agent gave no answer, and at level Debug beyond
    /// the first line a minute of a reason and an address.
    /// </summary>
    /// <remarks>Look the reason up under <see href="../rejections.md#tokens">tokens</see>: each has what it means and what to do.</remarks>
    /// <value><see cref="LogLevel.Information"/>, <see cref="LogLevel.Warning"/>, <see cref="LogLevel.Debug"/>: <c>Refused a token: {Reason}. {Problem}</c></value>
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
