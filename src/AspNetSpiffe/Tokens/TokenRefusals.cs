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
        var remote = connection.RemoteIpAddress is { } address ? new IPEndPoint(address, connection.RemotePort) : null;
        var level = !_limit.MayLog(verdict.Reason, remote, out var suppressed) ? LogLevel.Debug
            : verdict.Reason == JwtRejectionReason.NoAnswer ? LogLevel.Warning : LogLevel.Information;
        if (!_logger.IsEnabled(level)) return;

        var claimed = verdict.Id?.ToString() ?? "no SPIFFE ID";
        var problem = verdict.Problem ?? "";
        Log.TokenRefused(_logger, level, verdict.Reason, claimed, remote, suppressed, problem);
    }

    private static partial class Log
    {
        [LoggerMessage(
            EventId = 1, EventName = "TokenRefused",
            Message = "Refused a token: {Reason}. It claimed {SpiffeId}, from {Remote}. Left out before it, for this reason: {Suppressed}. {Problem}")]
        public static partial void TokenRefused(
            ILogger logger, LogLevel level, JwtRejectionReason reason, string spiffeId, EndPoint? remote, long suppressed, string problem);
    }
}
