using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The names of our authentication schemes: applications may add more of a kind.</summary>
internal sealed class SpiffeSchemes
{
    /// <summary>Gets the schemes whose callers are peers of connections.</summary>
    public HashSet<string> Peers { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets the schemes whose callers are owners of tokens.</summary>
    public HashSet<string> Tokens { get; } = new(StringComparer.Ordinal);

    public static SpiffeSchemes Of(IServiceProvider services) => services.GetRequiredService<IOptions<SpiffeSchemes>>().Value;

    public bool Contain(string? scheme) => scheme is not null && (Peers.Contains(scheme) || Tokens.Contains(scheme));

    /// <summary>Says whether the endpoint of a request lets either a peer or a token speak for the caller.</summary>
    public async ValueTask<bool> AreBothNamedAsync(HttpContext context)
    {
        if (Tokens.Count == 0 || context.GetEndpoint() is not { } endpoint) return false;
        var provider = context.RequestServices.GetRequiredService<IAuthorizationPolicyProvider>();
        var policy = await EndpointPolicy.FindAsync(endpoint, provider);
        return policy is not null && policy.AuthenticationSchemes.Any(Peers.Contains) && policy.AuthenticationSchemes.Any(Tokens.Contains);
    }
}
