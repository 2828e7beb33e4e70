using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Requires that the caller's SPIFFE ID matches a pattern; for your own policies.</summary>
/// <remarks>
/// It checks the <see cref="SpiffeIdentity"/> of the user, not claims, and needs no request, so it also works for hubs and resource-based authorization.
/// Without an authenticated caller it is not met. A caller whose SVID or token has expired is not authenticated. Immutable and thread-safe.
/// </remarks>
/// <example><code>options.AddPolicy("Reports", policy => policy.RequireSpiffe("spiffe://example.org/ns/reporting/**"));</code></example>
public sealed class SpiffeRequirement : IAuthorizationRequirement
{
    /// <summary>Creates a requirement.</summary>
    /// <param name="pattern">The allowed callers.</param>
    public SpiffeRequirement(SpiffeIdPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        Pattern = pattern;
    }

    /// <summary>Gets the allowed callers.</summary>
    public SpiffeIdPattern Pattern { get; }

    /// <summary>Describes the requirement; authorization logs it when it is not met.</summary>
    public override string ToString() => $"SpiffeRequirement: the caller's SPIFFE ID must match '{Pattern}'.";
}
