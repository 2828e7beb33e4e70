using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The names of the authentication schemes of this library. Applications may add several of a kind.</summary>
internal sealed class SpiffeSchemes
{
    /// <summary>Gets the schemes whose callers are peers of connections.</summary>
    public HashSet<string> Peers { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets the schemes whose callers are clients of trusted proxies.</summary>
    public HashSet<string> Forwarded { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets the schemes whose callers are owners of tokens.</summary>
    public HashSet<string> Tokens { get; } = new(StringComparer.Ordinal);

    public static SpiffeSchemes Of(IServiceProvider services) => services.GetRequiredService<IOptions<SpiffeSchemes>>().Value;

    public bool Contain(string? scheme) => scheme is not null && (Peers.Contains(scheme) || Forwarded.Contains(scheme) || Tokens.Contains(scheme));

    /// <summary>Finds the certificate that a trusted proxy forwarded with a request. Returns early without such a scheme, because a failed look-up of a feature is expensive.</summary>
    public ForwardedCertificate? FindForwarded(HttpContext context) => Forwarded.Count > 0 ? ForwardedCertificate.Of(context) : null;

    /// <summary>Determines whether the endpoint of a request has a scheme with precedence over a caller's, and the request has the credential of that scheme: a token or a forwarded certificate.</summary>
    public async ValueTask<bool> YieldsAsync(HttpContext context, SpiffeIdentitySource caller, bool isCertificate)
    {
        var isBehindToken = caller < SpiffeIdentitySource.Token && Tokens.Count > 0 && BearerToken.IsIn(context.Request);
        var isBehindForwarded = caller < SpiffeIdentitySource.Forwarded && FindForwarded(context) is not null;
        if ((!isBehindToken && !isBehindForwarded) || context.GetEndpoint() is not { } endpoint) return false;

        var policy = await EndpointPolicy.FindAsync(endpoint, context.RequestServices.GetRequiredService<IAuthorizationPolicyProvider>());
        if (policy?.AuthenticationSchemes is not { } named) return false;
        var isNamed = (isCertificate && named.Any(Peers.Contains)) || (caller == SpiffeIdentitySource.Forwarded && named.Any(Forwarded.Contains));
        return isNamed && ((isBehindToken && named.Any(Tokens.Contains)) || (isBehindForwarded && named.Any(Forwarded.Contains)));
    }
}
