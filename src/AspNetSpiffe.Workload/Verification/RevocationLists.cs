using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>A snapshot of the certificate revocation lists of some trust domains. Peers of other trust domains are not checked for revocation.</summary>
/// <param name="lists">The lists of each configured trust domain; empty for one whose lists have not been loaded yet.</param>
/// <param name="acceptsUnknown">Whether peers with unknown revocation status are accepted.</param>
internal sealed class RevocationLists(FrozenDictionary<TrustDomain, ImmutableArray<RevocationList>> lists, bool acceptsUnknown)
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Gets until when each list is current.</summary>
    public IEnumerable<(TrustDomain TrustDomain, DateTimeOffset NextUpdate)> NextUpdates => lists.SelectMany(static own => own.Value.Select(list => (own.Key, list.NextUpdate)));

    /// <summary>Checks the revocation of a verified peer: leaf and intermediates, each with the lists of its issuer. The cost is a look-up each, and one signature for each new pair of list and issuer.</summary>
    public RejectionReason Judge(PeerProof proof, DateTimeOffset now)
    {
        if (!lists.TryGetValue(proof.Id.TrustDomain, out var own)) return RejectionReason.None;

        var isKnown = true;
        foreach (var link in proof.Links)
        {
            var ofIssuer = own.Where(list => list.IsOf(link)).ToArray();

            // An expired list lacks newer revocations, but those that it contains are still valid.
            if (ofIssuer.Any(list => list.Revokes(link.Serial))) return RejectionReason.Revoked;
            isKnown &= ofIssuer.Any(list => list.ThisUpdate - ClockTolerance <= now && now <= list.NextUpdate);
        }

        return isKnown || acceptsUnknown ? RejectionReason.None : RejectionReason.RevocationUnknown;
    }
}
