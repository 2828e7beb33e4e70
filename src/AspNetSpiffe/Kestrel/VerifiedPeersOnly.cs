using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace AspNetSpiffe;

/// <summary>The last gate before the application: on a SPIFFE endpoint no request passes whose connection has no verified peer.</summary>
/// <remarks>
/// The handshake refuses such a peer already. This gate stands for the settings that Kestrel applies after ours, for example an endpoint that
/// a reloaded configuration changed to AllowCertificate. Plain-http endpoints are not SPIFFE endpoints and pass.
/// </remarks>
internal sealed class VerifiedPeersOnly : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, next) =>
        {
            if (context.Features.Get<ISpiffePeerFeature>() is not { Peer: null }) return next(context);
            context.Abort();
            return Task.CompletedTask;
        });
        next(app);
    };
}
