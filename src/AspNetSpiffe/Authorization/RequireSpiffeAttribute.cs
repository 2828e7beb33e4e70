using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Lets only those connections reach a controller, action, hub, hub method, gRPC service or handler whose certificate a pattern means.</summary>
/// <remarks>
/// The same as <c>RequireSpiffe("spiffe://…")</c> on an endpoint: it means the peer of the connection, whoever the user is, and takes no part in who the user is.
/// <c>[Authorize(Policy = "spiffe://…")]</c> means the caller, who may be the owner of a token. Several of them must all be met.
/// </remarks>
/// <example><code>[RequireSpiffe("spiffe://example.org/ns/reporting/**")]</code></example>
// An AuthorizeAttribute, not only an IAuthorizationRequirementData: SignalR does not look at the latter on the methods of a hub,
// and without UseAuthorization() routing refuses the former and forgets the latter.
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequireSpiffeAttribute : AuthorizeAttribute
{
    /// <summary>Lets every verified peer pass.</summary>
    public RequireSpiffeAttribute()
        : this(SpiffeIdPattern.Any)
    {
    }

    /// <summary>Lets those peers pass whom a pattern means.</summary>
    /// <param name="pattern">Whom: a SPIFFE ID, one with wildcards, or several with a comma between them.</param>
    /// <exception cref="FormatException">The text is no pattern; the message names the mistake, its position and what to write instead.</exception>
    public RequireSpiffeAttribute(string pattern)
        : this(SpiffeIdPattern.Parse(pattern))
    {
    }

    private RequireSpiffeAttribute(SpiffeIdPattern pattern)
        : base(PeerRequirement.Of(pattern).Name) => Pattern = pattern;

    /// <summary>Gets whom the attribute lets pass.</summary>
    public SpiffeIdPattern Pattern { get; }

    /// <summary>Gets the name of the policy. It cannot be set: another policy would take the pattern's place.</summary>
    public new string Policy => base.Policy!;
}
