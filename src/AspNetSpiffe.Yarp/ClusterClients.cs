using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace AspNetSpiffe;

/// <summary>Creates the HTTP client of each cluster with YARP's settings, over mutual TLS with the expected server of the cluster.</summary>
internal sealed class ClusterClients(X509Source source, ILogger<ForwarderHttpClientFactory> logger, Action<ForwarderHttpClientContext, SocketsHttpHandler>? configure)
    : ForwarderHttpClientFactory(logger)
{
    // YARP compares HTTP settings only: a client with another expected server must not reuse the old connections.
    protected override bool CanReuseOldClient(ForwarderHttpClientContext context) =>
        base.CanReuseOldClient(context) && ClusterSettings.Read(context.OldMetadata).Server.Equals(ClusterSettings.Read(context.NewMetadata).Server);

    protected override void ConfigureHandler(ForwarderHttpClientContext context, SocketsHttpHandler handler)
    {
        base.ConfigureHandler(context, handler);
        configure?.Invoke(context, handler);
    }

    protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
        new RetiredWithItsCluster(SpiffeHttpHandler.CreateFrom(source, ServerOf(context), (SocketsHttpHandler)handler));

    private static SpiffeIdPattern ServerOf(ForwarderHttpClientContext context)
    {
        if (context.ClusterId is null)
            throw new InvalidOperationException("MapForwarder has no cluster that says who must answer, and with AddSpiffeMtls() nobody is called who is not named. Use a cluster, or give MapForwarder a client of your own: new HttpMessageInvoker(SpiffeHttpHandler.Create(…)).");
        return ClusterSettings.Read(context.NewMetadata).Server;
    }

    /// <summary>YARP never disposes the client of a changed or removed cluster, because requests may still use it. Here it is disposed when no request refers to it.</summary>
    private sealed class RetiredWithItsCluster(SpiffeHttpHandler inner) : DelegatingHandler(inner)
    {
#pragma warning disable MA0055 // Only the garbage collector knows when that is. Not on the finalizer thread: closing connections may call streams of the application.
        ~RetiredWithItsCluster() => ThreadPool.UnsafeQueueUserWorkItem(static handler => handler.Dispose(), inner, preferLocal: false);
#pragma warning restore MA0055
    }
}
