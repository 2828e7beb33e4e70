using Microsoft.AspNetCore.Authorization;

namespace AspNetSpiffe;

/// <summary>Lets only those callers reach a controller, action, hub, hub method, gRPC service or handler whom a pattern means.</summary>
/// <remarks>The same as <c>[Authorize(Policy = "spiffe://…")]</c>, but the pattern is read when the attribute is. Several of them must all be met.</remarks>
/// <example><code>[RequireSpiffe("spiffe://example.org/ns/reporting/**")]</code></example>
// An AuthorizeAttribute, not only an IAuthorizationRequirementData: SignalR does not look at the latter on the methods of a hub,
// and without UseAuthorization() routing refuses the former and forgets the latter.
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequireSpiffeAttribute : AuthorizeAttribute
{
    /// <summary>Lets every verified caller pass.</summary>
    public RequireSpiffeAttribute()
        : this(SpiffeIdPattern.Any)
    {
    }

    /// <summary>Lets those callers pass whom a pattern means.</summary>
    /// <param name="pattern">Whom: a SPIFFE ID, one with wildcards, or several with a comma between them.</param>
    /// <exception cref="FormatException">The text is no pattern; the message names the mistake, its position and what to write instead.</exception>
    public RequireSpiffeAttribute(string pattern)
        : this(SpiffeIdPattern.Parse(pattern))
    {
    }

    private RequireSpiffeAttribute(SpiffeIdPattern pattern)
        : base(pattern.ToString()) => Pattern = pattern;

    /// <summary>Gets whom the attribute lets pass.</summary>
    public SpiffeIdPattern Pattern { get; }

    /// <summary>Gets the name of the policy, which is the pattern. It cannot be set: another policy would take the pattern's place.</summary>
    public new string Policy => Pattern.ToString();
}
