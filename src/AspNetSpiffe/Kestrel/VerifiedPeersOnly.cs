using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>The last gate before the application: no request passes that came over TLS from nobody.</summary>
/// <remarks>
/// The handshake refuses such a peer already. This gate stands for what Kestrel applies after us: an endpoint whose code replaces OnAuthenticate,
/// or that a reloaded configuration changed to AllowCertificate. Plain-http endpoints pass.
/// </remarks>
internal sealed class VerifiedPeersOnly : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, next) =>
        {
            if (context.Features.Get<ITlsConnectionFeature>() is null || context.Features.Get<ISpiffePeerFeature>()?.Peer is not null) return next(context);
            context.Abort();
            return Task.CompletedTask;
        });
        next(app);
    };
}
