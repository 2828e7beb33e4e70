using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Logs and records rejected credentials of requests. The reason is not sent to the caller, so it must be in our log, rate-limited against floods.</summary>
internal sealed class RequestRefusals(string what, string span, EventId eventId, string category, ServerNotifications notifications, RefusalHistory history, TimeProvider time)
{
    private readonly ILogger _logger = notifications.CreateLogger(category);
    private readonly RefusalLimit _limit = new(time);

    public void Tell(Enum reason, SpiffeId? id, string? problem, string page, HttpContext context, LogLevel level = LogLevel.Information)
    {
        var connection = context.Connection;
        var remote = connection.RemoteIpAddress is { } ip ? new IPEndPoint(ip, connection.RemotePort) : null;
        var isTold = _limit.MayLog(reason, remote, out var suppressed);
        if (!isTold) level = LogLevel.Debug;
        var (claimed, address) = (id?.ToString(), remote?.ToString());
        history.Add(what, reason, isTold ? problem ?? $"See {page}." : null, new() { At = time.GetUtcNow(), ClaimedId = id, Remote = address });
        var sentence = () => LogEntry.Join(
            $"Rejected a {what}: {reason}.",
            $"It claimed {claimed ?? "no SPIFFE ID"}{(address is null ? "" : $", from {address}")}.",
            problem,
            $"See {page}.",
            LogEntry.LeftOut(suppressed));
        var entry = new LogEntry(
            $"Rejected a {what}: {{Reason}}. {{Problem}}", sentence,
            ("Reason", reason), ("SpiffeId", claimed), ("Remote", address), ("Problem", problem), ("Suppressed", suppressed));
        _logger.Log(level, eventId, entry, null, static (entry, _) => entry.ToString());
        if (!isTold) return;
        var now = time.GetUtcNow();
        SpiffeActivities.Record(notifications.Post, span, now, now, Tag.NameOf(reason), [new(Tag.ClientId, claimed), .. SpiffeActivities.Address(remote)]);
    }
}
