using System.Diagnostics.CodeAnalysis;

namespace AspNetSpiffe;

/// <summary>The JWT bundles of the previous message, by their key in the message and the hash of their bytes: an unchanged bundle is the same instance and is not parsed again.</summary>
/// <remarks>A bundle with remarks is parsed again, so that the remarks are repeated.</remarks>
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
