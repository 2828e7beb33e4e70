using System.Collections.Immutable;

namespace AspNetSpiffe;

/// <summary>The authorities of the agent's trust domain during a rotation: prepared, active, old. Not thread-safe: its owner locks.</summary>
internal sealed class DevAuthorities(TrustDomain trustDomain, TimeProvider time) : IDisposable
{
    private DevCertificateAuthority? _prepared;
    private DevCertificateAuthority? _old;
    private bool _tainted;

    /// <summary>Gets the authority that signs.</summary>
    public DevCertificateAuthority Active { get; private set; } = new(trustDomain, time);

    /// <summary>Gets the current bundle of the trust domain: the keys of all three.</summary>
    public TrustMaterial Public => new(trustDomain, [.. All.Select(static a => a.Root)], [.. All.Select(static a => a.JwtKey.Public)]);

    private ImmutableArray<DevCertificateAuthority> All => [.. new[] { Active, _prepared, _old }.OfType<DevCertificateAuthority>()];

    public void Prepare()
    {
        if (_prepared is not null) throw new InvalidOperationException("An authority has already been prepared; activate it before you prepare another.");
        _prepared = new(trustDomain, time);
    }

    public void Activate()
    {
        if (_prepared is null) throw new InvalidOperationException("No authority has been prepared; call PrepareAuthority first, so that peers know it before it signs.");
        if (_old is not null) throw new InvalidOperationException("The last old authority is still in the bundle; call RevokeAuthority first.");
        (_old, Active, _prepared) = (Active, _prepared, null);
    }

    public void Taint()
    {
        if (_old is null) throw new InvalidOperationException("There is no old authority to taint; call PrepareAuthority and ActivateAuthority first.");
        _tainted = true;
    }

    public void Revoke()
    {
        if (_old is null || !_tainted) throw new InvalidOperationException("There is no tainted authority to revoke; call TaintAuthority first, so that SVIDs that it signed are renewed.");
        _tainted = false;
        _old.Dispose();
        _old = null;
    }

    public void Dispose()
    {
        foreach (var authority in All) authority.Dispose();
    }
}
