using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Counts each refused token and logs it: who sent it sees no reason, so the reason must stand in our log. The token never does.</summary>
internal sealed class TokenRefusals(SpiffeServerMetrics metrics, TimeProvider time, ServerNotifications notifications)
{
    private static readonly EventId TokenRefused = new(1, "TokenRefused");

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
        var sentence = () => LogEntry.Join(
            $"Refused a token: {verdict.Reason}.",
            $"It claimed {claimed ?? "no SPIFFE ID"}{(address is null ? "" : $", from {address}")}.",
            problem,
            "See docs/rejections.md#tokens.",
            LogEntry.LeftOut(suppressed));
        var entry = new LogEntry(
            "Refused a token: {Reason}. {Problem}", sentence,
            ("Reason", verdict.Reason), ("SpiffeId", claimed), ("Remote", address), ("Problem", problem), ("Suppressed", suppressed));
        _logger.Log(level, TokenRefused, entry, null, static (entry, _) => entry.ToString());
    }
}
