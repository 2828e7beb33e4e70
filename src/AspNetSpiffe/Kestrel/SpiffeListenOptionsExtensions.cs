using System.Net.Security;
using AspNetSpiffe;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Configures TLS with SVIDs on single endpoints of Kestrel.</summary>
public static class SpiffeListenOptionsExtensions
{
    /// <summary>Configures mutual TLS on this endpoint, with this workload's SVID and for verified peers only.</summary>
    /// <remarks>
    /// For applications in which some endpoints use SPIFFE and others do not, and for the slim builder. Register the services with
    /// <see cref="SpiffeServerServiceCollectionExtensions.AddSpiffeServer(IServiceCollection)"/>, or with <c>UseSpiffeMtls</c>, which covers every https endpoint.
    /// </remarks>
    /// <exception cref="InvalidOperationException">The services are not registered.</exception>
    public static ListenOptions UseSpiffe(this ListenOptions listenOptions) => listenOptions.UseSpiffe(SpiffeServerMode.Mutual);

    /// <summary>Sets the TLS mode of this endpoint. Each mode documents what is authenticated, and what is not verified.</summary>
    /// <param name="listenOptions">The endpoint.</param>
    /// <param name="mode">The mode.</param>
    /// <param name="configureHttps">
    /// For <see cref="SpiffeServerMode.WebCertificate"/> only: sets the certificate and other https options. Without a certificate, that of <c>Kestrel:Certificates:Default</c> is presented.
    /// </param>
    /// <remarks>As <see cref="UseSpiffe(ListenOptions)"/>. On a server with <c>UseSpiffeMtls</c>, it sets another mode for an endpoint in code.</remarks>
    /// <exception cref="ArgumentException">The mode is undefined, or does not support <paramref name="configureHttps"/>.</exception>
    /// <exception cref="InvalidOperationException">The services are not registered, or <paramref name="configureHttps"/> contradicts the mode.</exception>
    /// <example><code>
    /// kestrel.ListenAnyIP(8443, listen => listen.UseSpiffe(SpiffeServerMode.NoClientCertificate));
    /// kestrel.ListenAnyIP(9443, listen => listen.UseSpiffe(SpiffeServerMode.WebCertificate, https => https.ServerCertificate = certificate));
    /// </code></example>
    public static ListenOptions UseSpiffe(this ListenOptions listenOptions, SpiffeServerMode mode, Action<HttpsConnectionAdapterOptions>? configureHttps = null)
    {
        ArgumentNullException.ThrowIfNull(listenOptions);
        if (!Enum.IsDefined(mode)) throw new ArgumentOutOfRangeException(nameof(mode), mode, "This is not a mode of a server.");
        if (configureHttps is not null && mode != SpiffeServerMode.WebCertificate)
            throw new ArgumentException($"The mode {mode} presents our SVID and supports no https settings. Remove the argument, or choose {SpiffeServerMode.WebCertificate}.", nameof(configureHttps));

        var services = listenOptions.ApplicationServices;
        var handshake = services.GetService<Handshake>()
            ?? throw new InvalidOperationException("UseSpiffe() requires the SPIFFE services. Call 'builder.Services.AddSpiffeServer()' or 'builder.WebHost.UseSpiffeMtls()'.");

        services.GetService<HttpsEndpointRequired>()?.FoundListener();
        return mode == SpiffeServerMode.WebCertificate
            ? listenOptions.UseHttps(https =>
            {
                configureHttps?.Invoke(https);
                services.GetRequiredService<HttpsSettings>().Secure(https, $"{listenOptions}", mode);
            })
            : UseSpiffe(listenOptions, handshake, mode);
    }

    private static ListenOptions UseSpiffe(ListenOptions listenOptions, Handshake handshake, SpiffeServerMode mode)
    {
        listenOptions.UseHttps(CallbackFor(handshake, mode));

        // A runtime may resume a session without calling the callback, and not every connection is HTTP, where a request without a peer gets 401.
        if (mode == SpiffeServerMode.Mutual)
            listenOptions.Use(next => connection => connection.Features.Get<ISpiffePeerFeature>()?.Peer is null ? Task.CompletedTask : next(connection));
        return listenOptions;
    }

    private static TlsHandshakeCallbackOptions CallbackFor(Handshake handshake, SpiffeServerMode mode) => new()
    {
        OnConnection = context =>
        {
            var options = new SslServerAuthenticationOptions();
            handshake.Configure(context.Connection, options, mode);
            return ValueTask.FromResult(options);
        },

        // KestrelTlsSetup recognises the endpoint by this.
        OnConnectionState = handshake,
    };
}
