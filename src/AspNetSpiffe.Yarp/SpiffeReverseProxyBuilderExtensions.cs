using AspNetSpiffe;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration.ClusterValidators;
using Yarp.ReverseProxy.Forwarder;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets YARP call its clusters with this workload's SPIFFE identity.</summary>
public static class SpiffeReverseProxyBuilderExtensions
{
    /// <summary>Lets YARP call every cluster over mutual TLS with our current SVID, and only the expected server in its metadata: <c>"Metadata": { "SpiffeId": "spiffe://example.org/orders" }</c>.</summary>
    /// <param name="builder">The builder that <c>AddReverseProxy()</c> returns.</param>
    /// <param name="configure">Changes the other settings of a cluster's connections, as <c>ConfigureHttpClient</c> does; see <see cref="SpiffeHttpHandler.Create"/>. Called when a client is created.</param>
    /// <remarks>
    /// A cluster without an expected server, with a malformed one, with a destination that is not https, or with a setting that would have no effect is rejected when the configuration is
    /// loaded: the start fails; on a reload, YARP logs the error and keeps the previous configuration. Servers with other IDs are rejected in the handshake: the client gets 502 without a reason,
    /// which is in the log. The headers <c>Client-Cert</c>, <c>Client-Cert-Chain</c>, <c>X-Forwarded-Client-Cert</c> and <c>X-Client-Cert</c> of clients are removed; see <see cref="SpiffeClusterMetadata.ForwardCaller"/>.
    /// <c>MapForwarder</c> needs a separate client, because it has no cluster.
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
