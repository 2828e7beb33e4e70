using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe;

namespace Mesh.Authorities;

/// <summary>The authority's own X509-SVID, which it signs itself and renews like a workload.</summary>
internal sealed class OwnIdentity(SigningAuthorities authorities, AuthorityOptions options)
{
    public async IAsyncEnumerable<X509Context?> WatchAsync([EnumeratorCancellation] CancellationToken stopping)
    {
        var id = MeshName.AuthorityOf(options.TrustDomain);
        while (true)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var chain = authorities.Sign(id, new PublicKey(key));
            yield return new([new X509Svid(chain[0].CopyWithPrivateKey(key), chain[1..])], new([authorities.Bundle]));
            await Task.Delay(options.RenewAfter, stopping);
        }
    }
}
