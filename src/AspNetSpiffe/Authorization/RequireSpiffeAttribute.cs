using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Requires a peer certificate whose SPIFFE ID matches a pattern for a controller, action, hub, hub method, gRPC service or handler.</summary>
/// <remarks>
/// The same as <c>RequireSpiffe("spiffe://…")</c> on an endpoint: it checks the peer of the connection, not the user, and does not change the user.
/// <c>[Authorize(Policy = "spiffe://…")]</c> checks the caller, which may be the owner of a token. Several of these attributes must all be met.
/// </remarks>
/// <example><code>[RequireSpiffe("spiffe://example.org/ns/reporting/**")]</code></example>
// An AuthorizeAttribute, not only an IAuthorizationRequirementData: SignalR ignores the latter on the methods of a hub,
// and without UseAuthorization() routing rejects the former and ignores the latter.
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequireSpiffeAttribute : AuthorizeAttribute
{
    /// <summary>Requires a verified peer.</summary>
    public RequireSpiffeAttribute()
        : this(SpiffeIdPattern.Any)
    {
    }

    /// <summary>Requires a peer that matches a pattern.</summary>
    /// <param name="pattern">The allowed peers: a SPIFFE ID, one with wildcards, or several separated by commas.</param>
    /// <exception cref="FormatException">The text is not a pattern; the message names the error, its position and what to write instead.</exception>
    public RequireSpiffeAttribute(string pattern)
        : this(SpiffeIdPattern.Parse(pattern))
    {
    }

    private RequireSpiffeAttribute(SpiffeIdPattern pattern)
        : base(PeerRequirement.Of(pattern).Name) => Pattern = pattern;

    /// <summary>Gets the allowed peers.</summary>
    public SpiffeIdPattern Pattern { get; }

    /// <summary>Gets the name of the policy. It cannot be set: another policy would replace the pattern.</summary>
    public new string Policy => base.Policy!;
}
