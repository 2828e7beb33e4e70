using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Collects the data of the diagnostics page from the services of a request. Opens no connection and sends no request.</summary>
internal sealed class DiagnosticsReader(IServiceProvider services)
{
    // Limits the size of the page: a server may have tens of thousands of connections.
    private const int MostCallers = 100;
    private const int MostConnections = 10;

    private readonly X509Source _identity = services.GetRequiredService<X509Source>();

    /// <summary>Creates a report.</summary>
    /// <param name="asked">The text of the queried SPIFFE ID; <see langword="null"/> without a query.</param>
    public async Task<DiagnosticsReport> ReadAsync(string? asked)
    {
        var (now, status, context) = (services.GetRequiredService<TimeProvider>().GetUtcNow(), _identity.GetStatus(), _identity.Current);
        return new(
            now,
            new(status.Origin, _identity.Address is not null, status.IsConnected, status.LastUpdate, status.LastProblem, [.. status.Events.Reverse()], context?.Remarks ?? []),
            CertificateReader.SvidsOf(context),
            CertificateReader.BundlesOf(context),
            Callers(),
            Refusals(status),
            Clients(status),
            await new AccessReader(services, _identity).ReadAsync(asked));
    }

    private ImmutableArray<CallerReport> Callers() =>
    [
        .. services.GetRequiredService<PeerConnectionRegistry>().Verified
            .GroupBy(static one => one.Peer.Id.ToString(), static one => one.Connection.ToReport(one.Peer), StringComparer.Ordinal)
            .OrderBy(static caller => caller.Key, StringComparer.Ordinal)
            .Take(MostCallers)
            .Select(static caller => new CallerReport(
                caller.Key, caller.Count(), caller.Min(static one => one.Since), caller.Min(static one => one.ValidUntil),
                [.. caller.OrderByDescending(static one => one.Since).Take(MostConnections)])),
    ];

    private ImmutableArray<SpiffeRefusalGroup> Refusals(SpiffeStatus status) =>
        [.. status.Refusals.Concat(services.GetRequiredService<RefusalHistory>().Groups).OrderByDescending(static group => group.Last)];

    // A client factory creates a new handler for the same client every few minutes.
    private static ImmutableArray<SpiffeClientStatus> Clients(SpiffeStatus status) =>
    [
        .. status.Clients
            .GroupBy(static client => client.Expected)
            .OrderBy(static same => same.Key?.ToString(), StringComparer.Ordinal)
            .Select(static same => new SpiffeClientStatus { Expected = same.Key, Connections = [.. same.SelectMany(static client => client.Connections).Take(MostCallers)] }),
    ];
}

file static class Reports
{
    public static ConnectionReport ToReport(this PeerConnection connection, SpiffePeer peer) => new(
        connection.Remote?.ToString(), connection.AcceptedAt, peer.ValidUntil,
        connection.HasEnded ? $"ended: {string.Join(", ", connection.Reasons)}" : connection.IsClosing ? "closing: its SVID expires soon" : "open");
}
