using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace AspNetSpiffe;

/// <summary>Removes the client's own certificate headers from each request, and adds the certificate that the handshake verified, if the cluster is configured for that.</summary>
internal sealed class CallerTransforms : ITransformProvider
{
    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }

    // Inserted first, so that a header set by a transform of the route is kept.
    public void Apply(TransformBuilderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RequestTransforms.Insert(0, new CallerTransform(context.Cluster is { } cluster && ClusterSettings.Read(cluster.Metadata).ForwardsCaller));
    }

    private sealed class CallerTransform(bool forwards) : RequestTransform
    {
        private const string ClientCert = "Client-Cert";

        // The headers that AddSpiffeForwarded() accepts from a proxy.
        private static readonly string[] Claims = [ClientCert, "Client-Cert-Chain", "X-Forwarded-Client-Cert", SpiffeForwardedAuthenticationDefaults.HeaderName];

        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            foreach (var claim in Claims) RemoveHeader(context, claim);

            // RFC 9440 §2.2. The peer of the connection, independent of other credentials of the request.
            if (forwards && context.HttpContext.GetSpiffePeer() is { } peer) AddHeader(context, ClientCert, $":{Convert.ToBase64String(peer.Leaf.RawDataMemory.Span)}:");
            return default;
        }
    }
}
