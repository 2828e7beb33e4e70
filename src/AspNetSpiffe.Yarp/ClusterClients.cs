using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace AspNetSpiffe;

/// <summary>Makes the HTTP client of each cluster, with the settings that YARP makes, over mutual TLS with the server that the cluster means.</summary>
internal sealed class ClusterClients(X509Source source, ILogger<ForwarderHttpClientFactory> logger, Action<ForwarderHttpClientContext, SocketsHttpHandler>? configure)
    : ForwarderHttpClientFactory(logger)
{
    // YARP compares the settings for HTTP only: a client that expects another server has none of the old connections.
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

    /// <summary>YARP forgets the client of a changed or removed cluster while requests may still have it, and disposes it never. It ends here when the last of them has let go.</summary>
    private sealed class RetiredWithItsCluster(SpiffeHttpHandler inner) : DelegatingHandler(inner)
    {
#pragma warning disable MA0055 // Nothing but the garbage collector knows when that is. Not on its thread: closing connections may call streams of the application.
        ~RetiredWithItsCluster() => ThreadPool.UnsafeQueueUserWorkItem(static handler => handler.Dispose(), inner, preferLocal: false);
#pragma warning restore MA0055
    }
}
