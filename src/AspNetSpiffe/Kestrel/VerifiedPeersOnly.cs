using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The last gate before the application: 401 for a request over a SPIFFE connection whose peer is nobody where the mode wants somebody, or nobody any more.</summary>
/// <remarks>
/// The handshake rejects strangers already. This gate stands for what Kestrel applies after us (an endpoint whose code replaces OnAuthenticate, or that a
/// reloaded configuration changed to AllowCertificate), and for requests that still arrive over an ended connection. Plain-http endpoints pass.
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

    // Kestrel closes a connection when it has sent GOAWAY and no answer is left to end; requests that were on their way are lost then. So the answer that it is asked with
    // ends no sooner than its peer has had time to hear of it: until then the connection takes what comes.
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

        // A certificate that is there and was not verified is nobody's either, whatever the mode.
        PeerConnection { Peer: null, MayBeAnonymous: true } => features.Get<ITlsConnectionFeature>()?.ClientCertificate is null,
        { Peer: null } => false,

        // A clock that jumps moves no timer, so the connection may not have ended yet.
        { Peer: { } peer } => time.GetUtcNow() < peer.ValidUntil || !allowed.Options.CloseWhenExpired,
    };

    // Such an endpoint has escaped KestrelTlsSetup: nobody should have to guess why it answers 401 to everybody.
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
