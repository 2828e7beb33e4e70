using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts each refused token and logs it: who sent it sees no reason, so the reason must stand in our log. The token never does.</summary>
internal sealed partial class TokenRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications)
{
    private readonly ILogger _logger = notifications.CreateLogger("AspNetSpiffe.Tokens");
    private readonly RefusalLimit _limit = new(time);

    public void Tell(TokenVerdict verdict, HttpContext context)
    {
        metrics.TokenRefused(verdict.Reason);

        // A stranger must not fill the log.
        var connection = context.Connection;
        var remote = connection.RemoteIpAddress is { } ip ? new IPEndPoint(ip, connection.RemotePort) : null;
        var level = !_limit.MayLog(verdict.Reason, remote, out var suppressed) ? LogLevel.Debug
            : verdict.Reason == JwtRejectionReason.NoAnswer ? LogLevel.Warning : LogLevel.Information;
        var (claimed, address, problem) = (verdict.Id?.ToString(), remote?.ToString(), verdict.Problem);
        var details = string.Join(' ',
        [
            $"It claimed {claimed ?? "no SPIFFE ID"}{(address is null ? "" : $", from {address}")}.",
            .. problem is null ? Array.Empty<string>() : [problem],
            "See docs/rejections.md#tokens.",
            .. suppressed > 0 ? [$"{suppressed} more for this reason were left out before it."] : Array.Empty<string>(),
        ]);
        Log.TokenRefused(_logger, level, verdict.Reason, details, claimed, address, suppressed, problem);
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1, EventName = "TokenRefused",
            Message = "Refused a token: {Reason}. {Details}")]
        public static partial void TokenRefused(
            ILogger logger, LogLevel level, JwtRejectionReason reason, string details, string? spiffeId, string? remote, long suppressed, string? problem);
    }
}
