using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AspNetSpiffe.Wire;
using Google.Protobuf;

namespace AspNetSpiffe;

/// <summary>Reads an X509Context from a message of the Workload API (Workload API §5.2). A message is accepted or rejected as a whole.</summary>
/// <remarks>Only a single federated bundle may be ignored, so that an error of another trust domain does not cost us our own identity.</remarks>
/// <param name="time">The clock.</param>
/// <param name="limits">The limits of a chain.</param>
/// <param name="known">The certificates of the previous message.</param>
/// <param name="remarkLater">Receives an error in a bundle that is decoded on first use; without it, all are decoded immediately.</param>
internal sealed class X509ContextReader(TimeProvider time, SpiffeLimits limits, KnownCertificates? known = null, Action<string>? remarkLater = null)
{
    private readonly KnownCertificates _known = known ?? KnownCertificates.None;
    private readonly List<string> _remarks = [];

    /// <summary>Gets the remarks for the operator about the message that was read.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Reads our SVIDs and all bundles, and clears the private keys in the message.</summary>
    /// <exception cref="FormatException">The response violates a rule; the message says which.</exception>
    public X509Context Read(X509SVIDResponse response, CancellationToken cancellationToken = default)
    {
        try
        {
            return ReadContext(response, cancellationToken);
        }
        finally
        {
            foreach (var svid in response.Svids) Clear(svid.X509SvidKey);
        }
    }

    /// <summary>Reads the bundles of a workload without an SVID (Workload API §5.2.2).</summary>
    /// <exception cref="FormatException">The response has no valid bundle.</exception>
    public X509BundleSet ReadBundles(X509BundlesResponse response, CancellationToken cancellationToken = default)
    {
        var bundles = new Dictionary<TrustDomain, X509Bundle>(response.Bundles.Count);
        AddFederated(bundles, response.Bundles, cancellationToken);
        return bundles.Count > 0
            ? _known.SetOf(bundles.Values).WithRemarks([.. _remarks])
            : throw new FormatException($"The message has no bundle that can be read. {RemarkList.Join(_remarks)}".TrimEnd());
    }

    /// <summary>Verifies a context that was not read by this class.</summary>
    /// <exception cref="FormatException">Verification of one of its SVIDs fails.</exception>
    public static void RequireVerified(X509Context context, DateTimeOffset now, SpiffeLimits limits)
    {
        foreach (var svid in context.Svids)
        {
            try
            {
                CheckAgainst(context.Bundles.Find(svid.Id.TrustDomain)!, svid, now, limits);
            }
            catch (FormatException e)
            {
                throw Refuse(svid.Id, e);
            }
        }
    }

    private X509Context ReadContext(X509SVIDResponse response, CancellationToken cancellationToken)
    {
        if (response.Svids.Count == 0) throw new FormatException("The message has no SVID.");

        var svids = ImmutableArray.CreateBuilder<X509Svid>();
        var bundles = new Dictionary<TrustDomain, X509Bundle>(response.Svids.Count + response.FederatedBundles.Count);
        foreach (var message in response.Svids)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ReadSvid(message, bundles) is { } svid) AddSvid(svids, svid);
        }

        if (svids.Count == 0) throw new FormatException($"The message has no SVID that can be used. {RemarkList.Join(_remarks)}");
        AddFederated(bundles, response.FederatedBundles, cancellationToken);
        return new(svids.ToImmutable(), _known.SetOf(bundles.Values), svids[0]);
    }

    // Workload API §5.2.1: of two SVIDs with the same hint, the first is used.
    private void AddSvid(ImmutableArray<X509Svid>.Builder svids, X509Svid svid)
    {
        if (svid.Hint.Length > 0 && svids.Any(s => s.Hint == svid.Hint))
            _remarks.Add($"The SVID '{svid.Id}' is ignored: an earlier one has the same hint {SpiffeIdProblem.Quote(svid.Hint)}.");
        else
            svids.Add(svid);
    }

    private X509Svid? ReadSvid(X509SVID message, Dictionary<TrustDomain, X509Bundle> bundles)
    {
        // Workload API §4.5: a mandatory field with its default value makes the message invalid.
        if (message.SpiffeId.Length == 0) throw new FormatException("An SVID of the message has no 'spiffe_id'.");
        if (!SpiffeId.TryParse(message.SpiffeId, out var id, out var problem)) throw new FormatException($"'spiffe_id': {problem.Describe(message.SpiffeId)}");
        if (message.X509Svid.IsEmpty) throw new FormatException($"The SVID '{id}' has no 'x509_svid'.");
        if (message.X509SvidKey.IsEmpty) throw new FormatException($"The SVID '{id}' has no 'x509_svid_key'.");
        if (message.Bundle.IsEmpty) throw new FormatException($"The SVID '{id}' has no 'bundle'.");

        try
        {
            var svid = X509SvidReader.Read(id, message.X509Svid.Span, message.X509SvidKey.Span, message.Hint, _known.Intermediates);
            CheckAgainst(OwnBundle(id, message.Bundle, bundles), svid, time.GetUtcNow(), limits);
            return svid;
        }
        catch (FormatException e)
        {
            throw Refuse(id, e);
        }
        catch (NotSupportedException e)
        {
            _remarks.Add($"The SVID '{id}' is ignored. {e.Message}");
            return null;
        }
    }

    private static FormatException Refuse(SpiffeId id, FormatException e) => new($"The SVID '{id}' is rejected. {e.Message}", e);

    private X509Bundle OwnBundle(SpiffeId id, ByteString der, Dictionary<TrustDomain, X509Bundle> bundles)
    {
        var bundle = ReadBundle(id.TrustDomain, der.Span, isOurs: true, mayWait: false);
        if (bundle.Count == 0) throw new FormatException("Its bundle has no CA certificate.");

        if (bundles.TryAdd(id.TrustDomain, bundle)) return bundle;
        if (!bundle.Equals(bundles[id.TrustDomain])) _remarks.Add($"Two SVIDs of '{id.TrustDomain}' come with different bundles; the first bundle is used.");
        return bundles[id.TrustDomain];
    }

    // An SVID that our peers would reject is useless: keep the last valid one instead.
    private static void CheckAgainst(X509Bundle bundle, X509Svid svid, DateTimeOffset now, SpiffeLimits limits)
    {
        // An SVID that is not yet valid is checked for the time when it becomes valid; its user waits for that.
        var at = now < svid.ValidFrom ? svid.ValidFrom : now;

        var result = X509SvidVerifier.VerifyFor(null, svid.Leaf, [.. svid.Intermediates], new([bundle]), at, limits);
        if (!result.Accepted) throw new FormatException($"It does not verify against its own bundle: {result.Reason} (valid until {svid.NotAfter:u}).");
    }

    private void AddFederated(Dictionary<TrustDomain, X509Bundle> bundles, IEnumerable<KeyValuePair<string, ByteString>> federated, CancellationToken cancellationToken)
    {
        foreach (var (key, der) in federated)
        {
            cancellationToken.ThrowIfCancellationRequested();
            AddFederated(bundles, key, der);
        }
    }

    private void AddFederated(Dictionary<TrustDomain, X509Bundle> bundles, string key, ByteString der)
    {
        if ((_known.FindTrustDomain(key) ?? ReadTrustDomain(key)) is not { } trustDomain)
        {
            _remarks.Add($"The bundle of {SpiffeIdProblem.Quote(key)} is ignored: the key is not the ID of a trust domain.");
            return;
        }

        try
        {
            // At least one is decoded now: a message without any valid bundle is rejected.
            var bundle = ReadBundle(trustDomain, der.Span, isOurs: false, mayWait: bundles.Count > 0);

            // The bundle that came with our own SVID takes precedence: no federated bundle may replace the bundle of our own trust domain.
            if (!bundles.TryAdd(trustDomain, bundle)) _remarks.Add($"A federated bundle for our own trust domain '{trustDomain}' is ignored.");
        }
        catch (FormatException e)
        {
            _remarks.Add($"The bundle of '{trustDomain}' is ignored, and peers of that trust domain are rejected. {e.Message}");
        }
    }

    private static TrustDomain? ReadTrustDomain(string key) => SpiffeId.TryParse(key, out var id) && id.Path.Length == 0 ? id.TrustDomain : null;

    private X509Bundle ReadBundle(TrustDomain trustDomain, ReadOnlySpan<byte> der, bool isOurs, bool mayWait)
    {
        if (_known.FindBundle(trustDomain, der) is { } same && (mayWait || same.IsProven)) return same;
        if (mayWait && remarkLater is not null) return X509Bundle.ReadLater(trustDomain, der, remarkLater);

        var bundle = isOurs ? X509Bundle.Read(trustDomain, der, out var leftOut) : X509Bundle.ReadFederated(trustDomain, der, out leftOut);
        if (leftOut > 0) _remarks.Add(X509Bundle.DescribeLeftOut(trustDomain, leftOut));
        return bundle;
    }

    private static void Clear(ByteString secret)
    {
        if (MemoryMarshal.TryGetArray(secret.Memory, out var bytes)) CryptographicOperations.ZeroMemory(bytes);
    }
}
