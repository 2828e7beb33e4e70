using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>The last gate before the application: 401 for a request over a SPIFFE connection whose peer is nobody, or nobody any more.</summary>
/// <remarks>
/// The handshake refuses strangers already. This gate stands for what Kestrel applies after us (an endpoint whose code replaces OnAuthenticate, or that a
/// reloaded configuration changed to AllowCertificate), and for requests that still arrive over an ended connection. Plain-http endpoints pass.
/// </remarks>
internal sealed class VerifiedPeersOnly(AllowedPeers allowed, TimeProvider time, HttpsEndpointRequired? everyHttpsEndpoint = null) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, next) => MayPass(context.Features) ? next(context) : Refusal.Unauthenticated.WriteAsync(context));
        next(app);
    };

    private bool MayPass(IFeatureCollection features) => features.Get<ISpiffePeerFeature>() switch
    {
        null => everyHttpsEndpoint is null || features.Get<ITlsConnectionFeature>() is null,
        PeerConnection { HasEnded: true } => false,
        { Peer: null } => false,

        // A clock that jumps moves no timer, so the connection may not have ended yet.
        { Peer: { } peer } => CurrentPeer.IsValid(peer, time) || !allowed.Options.EndExpired,
    };
}
