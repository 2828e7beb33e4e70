using System.Collections.Immutable;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>A snapshot of everything that a workload gets. Immutable; an update replaces it and signals the change.</summary>
internal sealed class WorkloadSnapshot(ImmutableArray<IssuedX509Svid> svids, TrustMaterial own, ImmutableArray<TrustMaterial> federated)
{
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<IssuedX509Svid> Svids { get; } = svids;

    public Task Replaced => _replaced.Task;

    public void Replace() => _replaced.TrySetResult();

    public TrustMaterial? FindTrust(TrustDomain trustDomain) => All.FirstOrDefault(t => t.TrustDomain == trustDomain);

    public X509SVIDResponse ToX509Svids()
    {
        var response = new X509SVIDResponse();
        var bundle = own.ToDer();
        foreach (var svid in Svids)
        {
            response.Svids.Add(new X509SVID
            {
                SpiffeId = svid.Id.ToString(),
                X509Svid = UnsafeByteOperations.UnsafeWrap(svid.Certificates),
                X509SvidKey = UnsafeByteOperations.UnsafeWrap(svid.Pkcs8),
                Bundle = bundle,
                Hint = svid.Identity.Hint,
            });
        }

        foreach (var other in federated) response.FederatedBundles.Add(other.TrustDomain.Id.ToString(), other.ToDer());
        return response;
    }

    public X509BundlesResponse ToX509Bundles()
    {
        var response = new X509BundlesResponse();
        foreach (var trust in All) response.Bundles.Add(trust.TrustDomain.Id.ToString(), trust.ToDer());
        return response;
    }

    public JWTBundlesResponse ToJwtBundles()
    {
        var response = new JWTBundlesResponse();
        foreach (var trust in All) response.Bundles.Add(trust.TrustDomain.Id.ToString(), trust.ToJwks());
        return response;
    }

    private ImmutableArray<TrustMaterial> All => federated.Insert(0, own);
}
