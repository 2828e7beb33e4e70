using System.Collections.Immutable;
using AspNetSpiffe.Wire;

namespace AspNetSpiffe;

/// <summary>Reads JWT-SVIDs and JWT bundles from messages of the Workload API (Workload API §6.2). A message with tokens is accepted or rejected as a whole.</summary>
/// <remarks>Only a single bundle may be ignored: then no token of its trust domain can be verified.</remarks>
/// <param name="known">The bundles of the previous message.</param>
internal sealed class JwtResponseReader(KnownJwtBundles? known = null)
{
    private readonly KnownJwtBundles _known = known ?? KnownJwtBundles.None;
    private readonly List<string> _remarks = [];

    /// <summary>Gets the remarks for the operator about the message that was read.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Gets the bundles of the message that was read, to reuse them for the next one.</summary>
    public KnownJwtBundles Known { get; } = new();

    /// <summary>Reads tokens, and checks that they are what was requested.</summary>
    /// <exception cref="FormatException">The response violates a rule; the message says which, and contains no part of a token.</exception>
    public ImmutableArray<JwtSvid> ReadSvids(JWTSVIDResponse response, IReadOnlyCollection<string> audiences, SpiffeId? wanted)
    {
        if (response.Svids.Count == 0) throw new FormatException("The message has no JWT-SVID.");

        var svids = ImmutableArray.CreateBuilder<JwtSvid>();
        foreach (var message in response.Svids) AddSvid(svids, ReadSvid(message, audiences, wanted));
        return svids.ToImmutable();
    }

    /// <summary>Reads the JWT bundles of our own and of federated trust domains (Workload API §6.2.2).</summary>
    /// <exception cref="FormatException">The response has no valid bundle.</exception>
    public JwtBundleSet ReadBundles(JWTBundlesResponse response, CancellationToken cancellationToken = default)
    {
        if (response.Bundles.Count == 0) throw new FormatException("The message has no bundle.");

        var bundles = new List<JwtBundle>();
        foreach (var (key, jwkSet) in response.Bundles)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (FindOrRead(key, jwkSet.Memory) is { } bundle) bundles.Add(bundle);
        }

        return bundles.Count > 0 ? new(bundles) { Remarks = [.. _remarks] } : throw new FormatException($"The message has no bundle that can be read. {RemarkList.Join(_remarks)}");
    }

    private static JwtSvid ReadSvid(JWTSVID message, IReadOnlyCollection<string> audiences, SpiffeId? wanted)
    {
        // Workload API §4.5: a mandatory field with its default value makes the message invalid.
        if (message.SpiffeId.Length == 0) throw new FormatException("A JWT-SVID of the message has no 'spiffe_id'.");
        if (!SpiffeId.TryParse(message.SpiffeId, out var id, out var problem)) throw new FormatException($"'spiffe_id': {problem.Describe(message.SpiffeId)}");
        if (message.Svid.Length == 0) throw new FormatException($"The JWT-SVID '{id}' has no 'svid'.");

        var svid = JwtSvidReader.Read(message.Svid, message.Hint);
        if (svid.Id != id) throw new FormatException($"The token of the JWT-SVID '{id}' is for '{svid.Id}'.");
        if (wanted is not null && id != wanted) throw new FormatException($"The JWT-SVID is for '{id}', but '{wanted}' was requested.");
        if (audiences.FirstOrDefault(audience => !svid.Audiences.Contains(audience)) is { } missing)
            throw new FormatException($"The token of the JWT-SVID '{id}' is not for the audience {SpiffeIdProblem.Quote(missing)}, which was requested.");
        return svid;
    }

    // Workload API §6.2.1: of two SVIDs with the same hint, the first is used.
    private void AddSvid(ImmutableArray<JwtSvid>.Builder svids, JwtSvid svid)
    {
        if (svid.Hint.Length > 0 && svids.Any(s => s.Hint == svid.Hint))
            _remarks.Add($"The JWT-SVID '{svid.Id}' is ignored: an earlier one has the same hint {SpiffeIdProblem.Quote(svid.Hint)}.");
        else
            svids.Add(svid);
    }

    private JwtBundle? FindOrRead(string key, ReadOnlyMemory<byte> jwkSet)
    {
        var (hash, remarks) = (Sha256.Of(jwkSet.Span), _remarks.Count);
        var bundle = _known.TryFind(key, hash, out var same) ? same : ReadBundle(key, jwkSet);
        if (bundle is not null && _remarks.Count == remarks) Known.Add(key, hash, bundle);
        return bundle;
    }

    private JwtBundle? ReadBundle(string key, ReadOnlyMemory<byte> jwkSet)
    {
        if (!SpiffeId.TryParse(key, out var id) || id.Path.Length > 0)
        {
            _remarks.Add($"The JWT bundle of {SpiffeIdProblem.Quote(key)} is ignored: the key is not the ID of a trust domain.");
            return null;
        }

        try
        {
            // SPIRE sends these keys without 'use'.
            return JwtBundle.Read(id.TrustDomain, jwkSet, acceptMissingUse: true, _remarks);
        }
        catch (FormatException e)
        {
            _remarks.Add($"The JWT bundle of '{id.TrustDomain}' is ignored, and tokens of that trust domain are rejected. {e.Message}");
            return null;
        }
    }
}
