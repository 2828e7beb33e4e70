using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>What a peer presents, and what the log must say of it.</summary>
/// <param name="Leaf">Its certificate, if it presents one.</param>
/// <param name="Intermediates">What it sends along.</param>
/// <param name="Claimed">Its ID, or the fixed text for one that cannot be read.</param>
internal sealed record RefusedPeer(X509Certificate2? Leaf, ImmutableArray<X509Certificate2> Intermediates, string Claimed)
{
    public const string NoId = "no SPIFFE ID";

    public RefusedPeer(TestSvid svid, string? claimed = null) : this(svid.Leaf, svid.Intermediates, claimed ?? svid.Id)
    {
    }

    /// <summary>The issuer, as the log names it.</summary>
    public string Issuer => Leaf is null ? "nobody" : $"'{Leaf.Issuer}'";
}
