using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>The requirement of <c>RequireSpiffe</c>, <c>RequireTrustDomain</c> and <c>RequirePathPrefix</c> on the certificate of the connection, independent of the caller. Validated when it is created.</summary>
/// <remarks>It has a name, so that it can be the policy of an attribute, of an endpoint and of a method of a hub alike.</remarks>
internal sealed partial class PeerRequirement : IAuthorizationRequirement
{
    public const string NamePrefix = "spiffe-peer:";

    private static readonly SpiffeId AnyId = SpiffeId.Parse(Grammar.AnyId);

    private readonly Func<SpiffeId, bool> _means;
    private readonly string _whom;

    private PeerRequirement(Func<SpiffeId, bool> means, string whom) => (_means, _whom) = (means, whom);

    public string Name => NamePrefix + _whom;

    /// <summary>Gets the required pattern or path prefix.</summary>
    public string Whom => _whom;

    public bool IsPathPrefix => _whom.StartsWith('/');

    /// <exception cref="FormatException">The text is not a pattern.</exception>
    public static PeerRequirement Of(string pattern) => Of(SpiffeIdPattern.Parse(pattern));

    public static PeerRequirement Of(SpiffeIdPattern pattern) => new(pattern.Matches, pattern.ToString());

    /// <exception cref="FormatException">The text is not a trust domain.</exception>
    public static PeerRequirement OfTrustDomain(string trustDomain)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        var sign = Grammar.ScanTrustDomain(trustDomain);
        return sign < 0 ? Of(Grammar.PatternOf(trustDomain)) : throw new FormatException(Grammar.DescribeSign(trustDomain, sign));
    }

    /// <exception cref="FormatException">No path can begin with the text.</exception>
    public static PeerRequirement OfPathPrefix(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);

        // Throws if no path can begin with it.
        _ = AnyId.WithPath(prefix);
        return new(id => id.HasPathPrefix(prefix), prefix);
    }

    /// <summary>Parses a value of <see cref="Name"/>.</summary>
    public static PeerRequirement Parse(string name) => name[NamePrefix.Length..] is var whom && whom.StartsWith('/') ? OfPathPrefix(whom) : Of(whom);

    public bool IsMet(SpiffeId peer) => _means(peer);

    public bool IsSameAs(PeerRequirement other) => _whom == other._whom;

    /// <summary>Describes the requirement; authorization logs it when it is not met.</summary>
    public override string ToString() => IsPathPrefix
        ? $"{nameof(PeerRequirement)}: the SPIFFE ID of the connection's certificate must have a path that begins with '{_whom}'."
        : $"{nameof(PeerRequirement)}: the SPIFFE ID of the connection's certificate must match '{_whom}'.";
}
