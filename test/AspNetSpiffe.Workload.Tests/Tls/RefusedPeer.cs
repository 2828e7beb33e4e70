using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Workload.Tests.Tls;

/// <summary>What a peer presents, and what the log must say of it.</summary>
/// <param name="Leaf">Its certificate, if it presents one.</param>
/// <param name="Intermediates">What it sends along.</param>
/// <param name="Claimed">Its ID, if it can be read.</param>
internal sealed record RefusedPeer(X509Certificate2? Leaf, ImmutableArray<X509Certificate2> Intermediates, string? Claimed)
{
    public const string? NoId = null;

    public RefusedPeer(TestSvid svid) : this(svid, svid.Id)
    {
    }

    public RefusedPeer(TestSvid svid, string? claimed) : this(svid.Leaf, svid.Intermediates, claimed)
    {
    }

    /// <summary>The issuer, as the log names it.</summary>
    public string? Issuer => Leaf is null ? null : $"'{Leaf.Issuer}'";
}
