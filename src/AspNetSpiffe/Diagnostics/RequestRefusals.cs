using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Logs what was refused of requests: who sent it sees no reason, so the reason must stand in our log; but a stranger must not fill it.</summary>
internal sealed class RequestRefusals(string what, EventId eventId, ILogger logger, TimeProvider time)
{
    private readonly RefusalLimit _limit = new(time);

    public void Tell(Enum reason, SpiffeId? id, string? problem, string page, HttpContext context, LogLevel level = LogLevel.Information)
    {
        var connection = context.Connection;
        var remote = connection.RemoteIpAddress is { } ip ? new IPEndPoint(ip, connection.RemotePort) : null;
        if (!_limit.MayLog(reason, remote, out var suppressed)) level = LogLevel.Debug;
        var (claimed, address) = (id?.ToString(), remote?.ToString());
        var sentence = () => LogEntry.Join(
            $"Refused a {what}: {reason}.",
            $"It claimed {claimed ?? "no SPIFFE ID"}{(address is null ? "" : $", from {address}")}.",
            problem,
            $"See {page}.",
            LogEntry.LeftOut(suppressed));
        var entry = new LogEntry(
            $"Refused a {what}: {{Reason}}. {{Problem}}", sentence,
            ("Reason", reason), ("SpiffeId", claimed), ("Remote", address), ("Problem", problem), ("Suppressed", suppressed));
        logger.Log(level, eventId, entry, null, static (entry, _) => entry.ToString());
    }
}
