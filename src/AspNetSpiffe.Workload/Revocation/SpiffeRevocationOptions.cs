namespace AspNetSpiffe;

/// <summary>What to do with a peer whose revocation status is unknown: no list has been loaded, the list has expired, or no list is of its issuer.</summary>
public enum UnknownRevocation
{
    /// <summary>Reject it. Late lists then cause an outage.</summary>
    Refuse,

    /// <summary>Accept it. An attacker who can block the lists can make this workload accept revoked certificates.</summary>
    Accept,
}

/// <summary>Certificate revocation lists (CRLs, RFC 5280 §5), checked for each peer of the trust domains with configured lists. Off by default: SVIDs are short-lived, and removing a CA from its bundle invalidates all of them.</summary>
/// <remarks>
/// Lists are loaded and renewed in the background, never in a handshake, and only from the configured locations: URLs in certificates are never followed. Leaf and intermediates are checked, each with the complete list that its
/// own issuer signed; delta, partial and indirect lists are rejected. A list that cannot be read, or is older than the previous one, is ignored. Not thread-safe: set the values before start.
/// </remarks>
public sealed class SpiffeRevocationOptions
{
    /// <summary>Gets the locations of the lists by the name of the trust domain: file paths and URLs (also <c>http</c>, because lists are signed). DER or PEM, one list each.</summary>
    public IDictionary<string, IReadOnlyList<string>> Lists { get; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Gets or sets what to do with a peer whose revocation status is unknown.</summary>
    /// <value>Default: <see cref="UnknownRevocation.Refuse"/>.</value>
    public UnknownRevocation OnUnknown { get; set; }

    /// <summary>Gets or sets how often a list is fetched from its URL. Files are polled each second.</summary>
    /// <value>Default: 10 minutes. From 1 second to a day.</value>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Determines whether a location is a URL.</summary>
    internal static bool IsUrl(string list) => list.Contains("://", StringComparison.Ordinal);

#pragma warning disable RS0030 // A URL, not a SPIFFE ID.
    /// <summary>Parses the URL of a list: http or https, without a user name.</summary>
    internal static Uri? UrlOf(string list) => Uri.TryCreate(list, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "" } ? url : null;
#pragma warning restore RS0030

    /// <summary>Returns each validation error with the name of its property.</summary>
    internal IEnumerable<(string Property, string Mistake)> Mistakes()
    {
        if (!Enum.IsDefined(OnUnknown)) yield return (nameof(OnUnknown), $"must be one of {string.Join(", ", Enum.GetNames<UnknownRevocation>())}, but is {OnUnknown}.");
        if (RefreshInterval < TimeSpan.FromSeconds(1) || RefreshInterval > TimeSpan.FromDays(1)) yield return (nameof(RefreshInterval), $"must be from 00:00:01 to 1.00:00:00, but is {RefreshInterval}.");
        foreach (var (trustDomain, lists) in Lists)
        {
            var key = $"{nameof(Lists)}:{trustDomain}";
            if (!TrustDomain.TryParse(trustDomain, out var parsed) || parsed.Name != trustDomain) yield return (key, "is not the name of a trust domain, such as example.org.");
            if (lists.Count == 0) yield return (key, "is empty. Name a list, or remove the key.");
            foreach (var list in lists)
                if (IsUrl(list) && UrlOf(list) is null)
                    yield return (key, $"'{list}' is neither a path nor an http or https URL without user information.");
        }
    }
}
