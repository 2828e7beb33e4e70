using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe;

namespace Mesh.Authorities;

/// <summary>The authorities of the trust domain during a replacement: one signs, and the bundle contains all trusted ones. Thread-safe.</summary>
internal sealed class SigningAuthorities(AuthorityOptions options) : IDisposable
{
    private readonly Lock _lock = new();
    private DevCertificateAuthority _active = new(options.TrustDomain);
    private DevCertificateAuthority? _prepared;
    private DevCertificateAuthority? _old;

    public X509Bundle Bundle
    {
        get
        {
            lock (_lock) return new(options.TrustDomain, new[] { _active, _prepared, _old }.OfType<DevCertificateAuthority>().Select(static authority => authority.Root));
        }
    }

    /// <summary>Signs an X509-SVID.</summary>
    /// <exception cref="ArgumentException">Peers would reject the key.</exception>
    public ImmutableArray<X509Certificate2> Sign(SpiffeId id, PublicKey key)
    {
        lock (_lock) return [_active.IssueX509Svid(id, key, options.SvidLifetime), _active.Intermediate];
    }

    /// <summary>Creates the next authority. It is added to the bundle, but does not sign yet.</summary>
    public void Prepare()
    {
        lock (_lock) _prepared = _prepared is null ? new(options.TrustDomain) : throw new InvalidOperationException("The next authority is prepared already: activate it.");
    }

    /// <summary>Lets the next authority sign. Every workload must already have the new bundle: wait for one renewal.</summary>
    public void Activate()
    {
        lock (_lock)
        {
            if (_prepared is null) throw new InvalidOperationException("No next authority is prepared: prepare one first, so that workloads trust it before it signs.");
            if (_old is not null) throw new InvalidOperationException("The last old authority is still trusted: revoke it first.");
            (_old, _active, _prepared) = (_active, _prepared, null);
        }
    }

    /// <summary>Removes the old authority from the bundle: SVIDs that it signed are no longer trusted. Every workload must already have a new X509-SVID: wait for one renewal.</summary>
    public void Revoke()
    {
        lock (_lock)
        {
            if (_old is null) throw new InvalidOperationException("There is no old authority: prepare and activate the next one first.");
            _old.Dispose();
            _old = null;
        }
    }

    public void Dispose()
    {
        lock (_lock)
            foreach (var authority in new[] { _active, _prepared, _old }) authority?.Dispose();
    }
}
