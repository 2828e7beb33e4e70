using System.Security.Cryptography.X509Certificates;

namespace AspNetSpiffe;

/// <summary>What the certificates of a peer prove: whose they are, which authority vouches for that, and when. Who holds the key, only a handshake proves.</summary>
internal sealed class PeerProof
{
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _until;

    public PeerProof(SpiffeId id, X509Certificate2 leaf, X509Bundle bundle, X509Certificate2 authority, X509Chain chain)
    {
        Id = id;
        Bundle = bundle;
        Authority = authority;
        NotBefore = leaf.NotBefore.ToUniversalTime();
        NotAfter = leaf.NotAfter.ToUniversalTime();
        _from = chain.ChainElements.Max(element => element.Certificate.NotBefore.ToUniversalTime());
        _until = chain.ChainElements.Min(element => element.Certificate.NotAfter.ToUniversalTime());
    }

    public SpiffeId Id { get; }

    public X509Bundle Bundle { get; }

    public X509Certificate2 Authority { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>Says whether every certificate of the chain is valid now. At the very edge it says no, and a new chain decides.</summary>
    public bool Holds(DateTimeOffset now) => _from < now && now < _until;
}
