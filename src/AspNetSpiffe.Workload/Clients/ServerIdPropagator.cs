using System.Diagnostics;

namespace AspNetSpiffe;

/// <summary>Sets the SPIFFE ID of the server on the span of a request. The framework creates that span below our handler, where only the propagator can access it.</summary>
/// <param name="inner">The application's propagator, to which everything else is forwarded.</param>
/// <param name="tls">The expected server.</param>
/// <param name="streams">The open connections.</param>
internal sealed class ServerIdPropagator(DistributedContextPropagator inner, ClientTls tls, PeerStreams streams) : DistributedContextPropagator
{
    private static readonly HttpRequestOptionsKey<Activity> Waiting = new("AspNetSpiffe.Activity");

    public override IReadOnlyCollection<string> Fields => inner.Fields;

    public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter)
    {
        inner.Inject(activity, carrier, setter);
        if (activity is not { OperationName: "System.Net.Http.HttpRequestOut" } || carrier is not HttpRequestMessage request || !SpiffeActivities.IsRecorded(activity)) return;
        if ((tls.Expected?.SingleId ?? streams.FindServer(AuthorityOf(request))?.ToString()) is { } server) activity.SetTag(Tag.ServerId, server);
        else request.Options.Set(Waiting, activity);
    }

    public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
        inner.ExtractTraceIdAndState(carrier, getter, out traceId, out traceState);

    public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => inner.ExtractBaggage(carrier, getter);

    /// <summary>Records the server of a new connection for the request that opened it.</summary>
    public static void Connected(HttpRequestMessage request, SpiffePeer server)
    {
        if (request.Options.TryGetValue(Waiting, out var activity)) activity.SetTag(Tag.ServerId, server.Id.ToString());
    }

    /// <summary>Returns the authority (host and port) of a request.</summary>
    public static string AuthorityOf(HttpRequestMessage request) => request.RequestUri?.Authority ?? "";
}
