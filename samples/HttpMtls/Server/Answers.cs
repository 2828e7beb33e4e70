using AspNetSpiffe;

namespace HttpMtls.Server;

/// <summary>The received request and its caller.</summary>
internal sealed record Echo(string Method, string Caller, string Body);

/// <summary>All that is known of the caller.</summary>
internal sealed record Identity(
    string SpiffeId, string TrustDomain, string Path, IReadOnlyList<string> Segments,
    DateTimeOffset NotBefore, DateTimeOffset NotAfter, string SerialNumber, string Issuer)
{
    public static Identity Of(SpiffePeer peer) => new(
        peer.Id.ToString(), peer.Id.TrustDomain.Name, peer.Id.Path, peer.Id.Segments,
        peer.NotBefore, peer.NotAfter, peer.Leaf.SerialNumber, peer.Leaf.Issuer);
}
