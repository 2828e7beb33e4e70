using System.Security.Claims;

namespace AspNetSpiffe;

/// <summary>The caller of a request, in its <see cref="ClaimsPrincipal"/>: a verified SPIFFE ID, and the kind of credential that proved it. Nothing else identifies the caller.</summary>
/// <remarks>
/// Only the authentication handlers of this library create one. Claims are not evaluated, because any scheme could issue the same.
/// <see cref="ClaimsIdentity.Clone"/> returns another <see cref="SpiffeIdentity"/>; a copy by <c>new ClaimsIdentity(identity)</c> or by serialization is an ordinary identity, and does not identify a caller.
/// The claims are those of <see cref="SpiffeClaimTypes"/>. Each request has its own instance. As any <see cref="ClaimsIdentity"/>, it is thread-safe for reading only.
/// </remarks>
public sealed class SpiffeIdentity : ClaimsIdentity
{
    // One lock for all instances: it is held briefly, on the first read of the claims of a request, and most requests never read them.
    private static readonly Lock Filling = new();

    private readonly string? _claimsIssuer;
    private bool _isFilled;

    internal SpiffeIdentity(SpiffePeer peer, string scheme, string? claimsIssuer)
        : this(peer.Id, SpiffeIdentitySource.Peer, peer.ValidUntil, scheme, claimsIssuer) => (Peer, IsCertificate) = (peer, true);

    internal SpiffeIdentity(ForwardedCertificate forwarded, SpiffePeer client, string? claimsIssuer)
        : this(client.Id, SpiffeIdentitySource.Forwarded, client.ValidUntil, forwarded.Scheme, claimsIssuer) => IsCertificate = forwarded.CountsAsPeer;

    internal SpiffeIdentity(SpiffeToken token, DateTimeOffset validUntil, string scheme, string? claimsIssuer)
        : this(token.Id, SpiffeIdentitySource.Token, validUntil, scheme, claimsIssuer)
    {
    }

    private SpiffeIdentity(SpiffeId id, SpiffeIdentitySource source, DateTimeOffset validUntil, string scheme, string? claimsIssuer)
        : base(scheme) => (Id, Source, ValidUntil, Scheme, _claimsIssuer) = (id, source, validUntil, scheme, claimsIssuer);

    private SpiffeIdentity(SpiffeIdentity other)
        : base(other)
    {
        (Id, Source, ValidUntil, Scheme, Peer, IsCertificate, _claimsIssuer) = (other.Id, other.Source, other.ValidUntil, other.Scheme, other.Peer, other.IsCertificate, other._claimsIssuer);
        _isFilled = true;
    }

    /// <summary>Gets the SPIFFE ID of the caller.</summary>
    public SpiffeId Id { get; }

    /// <summary>Gets the kind of credential that proved it.</summary>
    public SpiffeIdentitySource Source { get; }

    /// <summary>Gets when the credential expires, in UTC. Policies check it, because a request or a hub connection may outlive it.</summary>
    public DateTimeOffset ValidUntil { get; }

    /// <summary>Gets the name of the scheme that verified it.</summary>
    internal string Scheme { get; }

    /// <summary>Gets the peer of the connection, if the identity is that of a peer.</summary>
    internal SpiffePeer? Peer { get; }

    /// <summary>Gets whether requirements on the certificate (RequireSpiffe and the like) apply to this identity.</summary>
    internal bool IsCertificate { get; }

    /// <inheritdoc/>
    public override bool IsAuthenticated => true;

    // 'new ClaimsIdentity(identity)' reads this property and then the private list of claims.
    /// <inheritdoc/>
    public override string? AuthenticationType
    {
        get
        {
            Fill();
            return base.AuthenticationType;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<Claim> Claims
    {
        get
        {
            Fill();
            return base.Claims;
        }
    }

    /// <inheritdoc/>
    public override void AddClaim(Claim claim)
    {
        Fill();
        base.AddClaim(claim);
    }

    /// <inheritdoc/>
    public override void AddClaims(IEnumerable<Claim?> claims)
    {
        Fill();
        base.AddClaims(claims);
    }

    /// <inheritdoc/>
    public override bool TryRemoveClaim(Claim? claim)
    {
        Fill();
        return base.TryRemoveClaim(claim);
    }

    /// <inheritdoc/>
    public override ClaimsIdentity Clone()
    {
        Fill();
        return new SpiffeIdentity(this);
    }

    /// <inheritdoc/>
    protected override void WriteTo(BinaryWriter writer, byte[]? userData)
    {
        Fill();
        base.WriteTo(writer, userData);
    }

    internal bool IsValid(TimeProvider time) => time.GetUtcNow() < ValidUntil;

    // The claims are created on the first read: they are most of the allocation of authentication, and most requests use the ID only.
    private void Fill()
    {
        if (Volatile.Read(ref _isFilled)) return;
        lock (Filling)
        {
            if (_isFilled) return;
            var (text, issuer) = (Id.ToString(), _claimsIssuer ?? Id.TrustDomain.Id.ToString());
            base.AddClaims(
            [
                Create(ClaimTypes.NameIdentifier, text),
                Create(ClaimTypes.Name, text),
                Create(SpiffeClaimTypes.Id, text),
                Create(SpiffeClaimTypes.TrustDomain, Id.TrustDomain.Name),
                Create(SpiffeClaimTypes.Path, Id.Path),
            ]);
            Volatile.Write(ref _isFilled, true);

            Claim Create(string type, string value) => new(type, value, ClaimValueTypes.String, issuer, issuer, this);
        }
    }
}
