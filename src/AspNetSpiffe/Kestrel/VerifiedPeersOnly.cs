using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The last gate before the application: 401 for a request over a SPIFFE connection whose peer is nobody, or nobody any more.</summary>
/// <remarks>
/// The handshake refuses strangers already. This gate stands for what Kestrel applies after us (an endpoint whose code replaces OnAuthenticate, or that a
/// reloaded configuration changed to AllowCertificate), and for requests that still arrive over an ended connection. Plain-http endpoints pass.
/// </remarks>
internal sealed partial class VerifiedPeersOnly(AllowedPeers allowed, ServerNotifications notifications, TimeProvider time, HttpsEndpointRequired? everyHttpsEndpoint = null) : IStartupFilter
{
    private readonly ILogger _logger = notifications.CreateLogger("AspNetSpiffe.VerifiedPeersOnly");
    private int _told;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, next) =>
        {
            if (context.Features.Get<ISpiffePeerFeature>() is PeerConnection connection) AskToClose(connection, context);
            return MayPass(context.Features) ? next(context) : Refusal.Unauthenticated.WriteAsync(context);
        });
        next(app);
    };

    // HTTP/2 has GOAWAY for it.
    private static void AskToClose(PeerConnection connection, HttpContext context)
    {
        if (!HttpProtocol.IsHttp11(context.Request.Protocol)) return;
        if (!connection.IsHttp1) connection.IsHttp1 = true;
        if (connection.IsClosing || connection.HasEnded) context.Response.Headers.Connection = "close";
    }

    private bool MayPass(IFeatureCollection features) => features.Get<ISpiffePeerFeature>() switch
    {
        null => everyHttpsEndpoint is null || features.Get<ITlsConnectionFeature>() is null || Refuse(features.Get<IHttpConnectionFeature>()?.LocalPort),
        PeerConnection { HasEnded: true } => false,
        { Peer: null } => false,

        // A clock that jumps moves no timer, so the connection may not have ended yet.
        { Peer: { } peer } => CurrentPeer.IsValid(peer, time) || !allowed.Options.EndExpired,
    };

    // Such an endpoint has escaped KestrelTlsSetup: nobody should have to guess why it answers 401 to everybody.
    private bool Refuse(int? port)
    {
        if (Interlocked.Exchange(ref _told, 1) == 0) Log.EndpointWithoutSpiffe(_logger, port);
        return false;
    }

    private static partial class Log
    {
        [LoggerMessage(
            1, LogLevel.Error, "The https endpoint on port {Port} does not verify its clients by their SVIDs: other code has set up its TLS. All its requests get 401. " +
                "Remove that code, or call UseSpiffe() on this endpoint. This is said once.", EventName = "EndpointWithoutSpiffe")]
        public static partial void EndpointWithoutSpiffe(ILogger logger, int? port);
    }
}
