using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The middleware before the application: 401 for a request over a SPIFFE connection without a verified peer where the mode requires one, or whose peer is no longer accepted.</summary>
/// <remarks>
/// The handshake already rejects unverified peers. This middleware covers settings that Kestrel applies later (an endpoint whose code replaces OnAuthenticate, or that a
/// reloaded configuration changed to AllowCertificate), and for requests that still arrive over an ended connection. Requests over plain http pass.
/// </remarks>
internal sealed partial class VerifiedPeersOnly(
    AllowedPeers allowed, ServerNotifications notifications, TimeProvider time, IHostApplicationLifetime host, HttpsEndpointRequired? everyHttpsEndpoint = null) : IStartupFilter
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(0.2);

    private readonly ILogger _logger = notifications.CreateLogger(LogCategories.VerifiedPeersOnly);
    private int _told;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, next) =>
        {
            var peer = context.Features.Get<ISpiffePeerFeature>();
            var connection = peer as PeerConnection;
            if (connection is not null && Http1MustClose(connection, context.Request.Protocol)) context.Response.Headers.Connection = "close";
            if (!MayPass(peer, context.Features)) return Problem.WriteUnauthorizedAsync(context);
            return connection is not null && Http2MustClose(connection, context.Request.Protocol) ? ServeAndLingerAsync(context, next) : next(context);
        });
        next(app);
    };

    private static bool Http1MustClose(PeerConnection connection, string protocol)
    {
        if (!connection.HasServed) connection.HasServed = true;
        return (connection.IsClosing || connection.HasEnded) && HttpProtocol.IsHttp11(protocol);
    }

    private static bool Http2MustClose(PeerConnection connection, string protocol) => connection.IsClosing && !HttpProtocol.IsHttp11(protocol) && connection.AskToClose();

    // Kestrel closes a connection after GOAWAY when no response is in progress; requests that are already sent are then lost. So the response with GOAWAY
    // is held open until the peer has had time to receive it: until then the connection accepts requests.
    private async Task ServeAndLingerAsync(HttpContext context, RequestDelegate next)
    {
        var lingering = Task.Delay(Linger, time, host.ApplicationStopping);
        await next(context);
        await lingering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool MayPass(ISpiffePeerFeature? known, IFeatureCollection features) => known switch
    {
        null => everyHttpsEndpoint is null || features.Get<ITlsConnectionFeature>() is null || Refuse(features.Get<IHttpConnectionFeature>()?.LocalPort),
        PeerConnection { HasEnded: true } => false,

        // A certificate that was presented but not verified is rejected in every mode.
        PeerConnection { Peer: null, MayBeAnonymous: true } => features.Get<ITlsConnectionFeature>()?.ClientCertificate is null,
        { Peer: null } => false,

        // A clock that jumps fires no timer, so the connection may not have ended yet.
        { Peer: { } peer } => time.GetUtcNow() < peer.ValidUntil || !allowed.Options.CloseWhenExpired,
    };

    // KestrelTlsSetup did not configure this endpoint: log why it responds with 401 to every request.
    private bool Refuse(int? port)
    {
        if (Interlocked.Exchange(ref _told, 1) == 0) Log.EndpointWithoutSpiffe(_logger, port);
        return false;
    }

    /// <seealso cref="LogCategories.VerifiedPeersOnly"/>
    private static partial class Log
    {
        /// <summary>
        /// Code of the application configured the TLS of an https endpoint after <c>UseSpiffeMtls()</c>, so its clients are not verified. Each of its requests is rejected with 401. Logged
        /// once.
        /// </summary>
        /// <remarks>Remove that code, or call <c>UseSpiffe()</c> on the endpoint.</remarks>
        [LoggerMessage(
            1, LogLevel.Error, "The https endpoint on port {Port} does not verify its clients by their SVIDs: other code has configured its TLS. All its requests are rejected with 401. " +
                "Remove that code, or call UseSpiffe() on this endpoint. Logged once.", EventName = "EndpointWithoutSpiffe")]
        public static partial void EndpointWithoutSpiffe(ILogger logger, int? port);
    }
}
