using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Requires that the caller is one that a pattern means; for policies of your own.</summary>
/// <remarks>
/// It looks at the connection, never at the claims, so it holds whatever scheme authenticates the user. Only where the policy or another of the same endpoint
/// names the scheme <c>SpiffeJwt</c>, it looks at the request's token instead. A caller whose SVID has expired is nobody.
/// SignalR hides the connection from the methods of a hub under long polling: there it lets nobody pass, on the hub itself it works.
/// Immutable, and so safe to share between threads.
/// </remarks>
/// <example><code>options.AddPolicy("Reports", policy => policy.AddRequirements(new SpiffeRequirement(pattern)));</code></example>
public sealed class SpiffeRequirement : IAuthorizationRequirement
{
    /// <summary>Makes a requirement.</summary>
    /// <param name="pattern">Whom it lets pass.</param>
    public SpiffeRequirement(SpiffeIdPattern pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        Pattern = pattern;
    }

    /// <summary>Gets whom the requirement lets pass.</summary>
    public SpiffeIdPattern Pattern { get; }

    /// <summary>Says what is required; authorization logs it when it is not met.</summary>
    public override string ToString() => $"SpiffeRequirement: the caller's SPIFFE ID must match '{Pattern}'.";
}
