using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace AspNetSpiffe;

/// <summary>The peer of one connection to a SPIFFE endpoint.</summary>
/// <remarks>
/// Kestrel's own validation callback is not told its connection. It is given the very certificate that the connection keeps, so a
/// verified peer waits beside its certificate until its connection asks.
/// </remarks>
internal sealed class PeerConnection(BaseConnectionContext connection) : ISpiffePeerFeature
{
    private static readonly ConditionalWeakTable<X509Certificate2, SpiffePeer> Verified = [];

    private SpiffePeer? _peer;

    public SpiffePeer? Peer => _peer ??= Find(connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate);

    public static void Remember(SpiffePeer peer) => Verified.AddOrUpdate(peer.Leaf, peer);

    private static SpiffePeer? Find(X509Certificate2? certificate) => certificate is not null && Verified.TryGetValue(certificate, out var peer) ? peer : null;
}
