using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The certificate revocation lists of some trust domains at one moment. Peers of others are not asked for.</summary>
/// <param name="lists">The lists of each trust domain that has any; none for one whose lists have not come.</param>
/// <param name="acceptsUnknown">Whether a peer is let in whose revocation nobody can tell.</param>
internal sealed class RevocationLists(FrozenDictionary<TrustDomain, ImmutableArray<RevocationList>> lists, bool acceptsUnknown)
{
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Gets until when each list counts.</summary>
    public IEnumerable<(TrustDomain TrustDomain, DateTimeOffset NextUpdate)> NextUpdates => lists.SelectMany(static own => own.Value.Select(list => (own.Key, list.NextUpdate)));

    /// <summary>Judges what a peer proved: leaf and intermediates, each by the lists of its issuer. Costs look-ups, and a signature for each list and issuer that have not met.</summary>
    public RejectionReason Judge(PeerProof proof, DateTimeOffset now)
    {
        if (!lists.TryGetValue(proof.Id.TrustDomain, out var own)) return RejectionReason.None;

        var isKnown = true;
        foreach (var link in proof.Links)
        {
            var ofIssuer = own.Where(list => list.IsOf(link)).ToArray();

            // An old list does not say who has been revoked since; whom it names is revoked all the same.
            if (ofIssuer.Any(list => list.Revokes(link.Serial))) return RejectionReason.Revoked;
            isKnown &= ofIssuer.Any(list => list.ThisUpdate - ClockTolerance <= now && now <= list.NextUpdate);
        }

        return isKnown || acceptsUnknown ? RejectionReason.None : RejectionReason.RevocationUnknown;
    }
}
