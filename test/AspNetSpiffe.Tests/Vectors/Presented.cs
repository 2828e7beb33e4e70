using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.Tests.Vectors;

/// <summary>What a peer shows: a leaf with its key, what it sends along, and the ID that it claims first.</summary>
internal sealed record Presented(X509Certificate2 Leaf, ImmutableArray<X509Certificate2> Intermediates, string Id)
{
    /// <summary>Gets it in the form that sends the intermediates too.</summary>
    public SslStreamCertificateContext Context => SslStreamCertificateContext.Create(Leaf, [.. Intermediates], offline: true);

    public static implicit operator Presented(TestSvid svid) => new(svid.Leaf, svid.Intermediates, svid.Id);
}
