using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace AspNetSpiffe;

/// <summary>Removes from each request what its client says of certificates, and adds what the handshake proved, where the cluster is to know.</summary>
internal sealed class CallerTransforms : ITransformProvider
{
    public void ValidateRoute(TransformRouteValidationContext context)
    {
    }

    public void ValidateCluster(TransformClusterValidationContext context)
    {
    }

    // First, so that a header stays that a transform of the route sets.
    public void Apply(TransformBuilderContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.RequestTransforms.Insert(0, new CallerTransform(context.Cluster is { } cluster && ClusterSettings.Read(cluster.Metadata).ForwardsCaller));
    }

    private sealed class CallerTransform(bool forwards) : RequestTransform
    {
        private const string ClientCert = "Client-Cert";

        // Those that services of ours take for the word of a proxy.
        private static readonly string[] Claims = [ClientCert, "Client-Cert-Chain", "X-Forwarded-Client-Cert", SpiffeForwardedAuthenticationDefaults.HeaderName];

        public override ValueTask ApplyAsync(RequestTransformContext context)
        {
            foreach (var claim in Claims) RemoveHeader(context, claim);

            // RFC 9440 §2.2. The peer is who opened the connection, whatever else the request brought.
            if (forwards && context.HttpContext.GetSpiffePeer() is { } peer) AddHeader(context, ClientCert, $":{Convert.ToBase64String(peer.Leaf.RawDataMemory.Span)}:");
            return default;
        }
    }
}
