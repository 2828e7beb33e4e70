using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The JWT bundles of the message before, each by its key in the message and the hash of its bytes: what comes again is the same instance, and its keys are not read anew.</summary>
/// <remarks>One of which there was something to remark is read again, so that the remark is made again.</remarks>
internal sealed class KnownJwtBundles
{
    public static readonly KnownJwtBundles None = new();

    private readonly Dictionary<string, (Sha256 Hash, JwtBundle Bundle)> _bundles = new(StringComparer.Ordinal);

    public bool TryFind(string key, Sha256 hash, [NotNullWhen(true)] out JwtBundle? bundle)
    {
        bundle = _bundles.TryGetValue(key, out var known) && known.Hash == hash ? known.Bundle : null;
        return bundle is not null;
    }

    public void Add(string key, Sha256 hash, JwtBundle bundle) => _bundles[key] = (hash, bundle);
}
