using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Requires that the caller is one that a pattern means; for policies of your own.</summary>
/// <remarks>
/// It looks at the <see cref="SpiffeIdentity"/> of the user that is authorized, never at claims, and so needs no request: it holds for hubs and for documents as well.
/// Without an authenticated caller the requirement is not met. A caller whose SVID or token has expired is not authenticated. Immutable and thread-safe.
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

    /// <summary>Says what is required; authorization logs it when it is not met.</summary>
    public override string ToString() => $"SpiffeRequirement: the caller's SPIFFE ID must match '{Pattern}'.";
}
