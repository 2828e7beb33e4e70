using AspNetSpiffe;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets YARP call its clusters with this workload's SPIFFE identity.</summary>
public static class SpiffeReverseProxyBuilderExtensions
{
    /// <summary>Lets every cluster be called over mutual TLS, with our current SVID, and only the server that its metadata name: <c>"Metadata": { "SpiffeId": "spiffe://example.org/orders" }</c>.</summary>
    /// <param name="builder">What <c>AddReverseProxy()</c> gives.</param>
    /// <param name="configure">Changes the other settings of a cluster's connections, as <c>ConfigureHttpClient</c> would; see <see cref="SpiffeHttpHandler.Create"/>. Runs when a client is made.</param>
    /// <remarks>
    /// A cluster without a server, with a malformed one, with a destination that is not https, or with a setting that can have no effect is rejected when the configuration is
    /// loaded: the start fails; when it is reloaded, YARP logs it and keeps what it has. Servers with other IDs are refused at the handshake: the client gets 502 and no reason,
    /// the log has it. What a client sends in <c>Client-Cert</c>, <c>Client-Cert-Chain</c>, <c>X-Forwarded-Client-Cert</c> and <c>X-Client-Cert</c> is removed; see <see cref="SpiffeClusterMetadata.ForwardCaller"/>.
    /// <c>MapForwarder</c> needs a client of its own, for it has no cluster.
    /// </remarks>
    /// <exception cref="InvalidOperationException">It was called before on this builder.</exception>
    /// <example><code>
    /// builder.WebHost.UseSpiffeMtls();
    /// builder.Services.AddReverseProxy().LoadFromConfig(builder.Configuration.GetSection("ReverseProxy")).AddSpiffeMtls();
    /// </code></example>
    public static IReverseProxyBuilder AddSpiffeMtls(this IReverseProxyBuilder builder, Action<ForwarderHttpClientContext, SocketsHttpHandler>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(static service => service.ServiceType == typeof(ClusterClients)))
            throw new InvalidOperationException("AddSpiffeMtls() has been called on this reverse proxy already. Make all settings in one call.");

        builder.Services.AddSpiffe();
        builder.Services.AddSingleton(services => new ClusterClients(services.GetRequiredService<X509Source>(), services.GetRequiredService<ILogger<ForwarderHttpClientFactory>>(), configure));
        builder.Services.AddSingleton<IForwarderHttpClientFactory>(static services => services.GetRequiredService<ClusterClients>());
        builder.Services.AddSingleton<IClusterValidator, ClusterValidator>();
        return builder.AddTransforms<CallerTransforms>();
    }
}
