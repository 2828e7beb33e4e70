using System.Net.Security;
using AspNetSpiffe;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Puts mutual TLS with SVIDs on single endpoints of Kestrel.</summary>
public static class SpiffeListenOptionsExtensions
{
    /// <summary>Serves this endpoint with this workload's SVID and admits only verified peers.</summary>
    /// <remarks>
    /// For applications in which some endpoints speak SPIFFE and others do not, and for the slim builder. Register the services with
    /// <see cref="SpiffeServerServiceCollectionExtensions.AddSpiffeServer(IServiceCollection)"/>, or with <c>UseSpiffeMtls</c>, which covers every https endpoint.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The services are not registered.</exception>
    public static ListenOptions UseSpiffe(this ListenOptions listenOptions)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        var handshake = listenOptions.ApplicationServices.GetService<Handshake>()
            ?? throw new InvalidOperationException("UseSpiffe() needs the services of SPIFFE. Call 'builder.Services.AddSpiffeServer()' or 'builder.WebHost.UseSpiffeMtls()'.");

        listenOptions.ApplicationServices.GetService<HttpsEndpointRequired>()?.FoundListener();
        return listenOptions.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = context =>
            {
                var options = new SslServerAuthenticationOptions();
                handshake.Configure(context.Connection, options);
                return ValueTask.FromResult(options);
            },

            // By this, KestrelTlsSetup knows that the endpoint is ours.
            OnConnectionState = handshake,
        });
    }
}
