using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The handler of the scheme <c>SpiffeForwarded</c>: authenticates the owner of a certificate that a trusted proxy forwarded.</summary>
// No logger: the framework would log each failure without a rate limit; ForwardedRefusals logs them.
internal sealed class SpiffeForwardedAuthenticationHandler(IOptionsMonitor<SpiffeForwardedAuthenticationOptions> options, IOptions<SpiffeSchemes> schemes)
    : SpiffeHandler<SpiffeForwardedAuthenticationOptions>(options, NullLoggerFactory.Instance)
{
    protected override string Challenge => SpiffeForwardedAuthenticationDefaults.AuthenticationScheme;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (ForwardedCertificate.Of(Context) is not { } forwarded || forwarded.Scheme != Scheme.Name) return AuthenticateResult.NoResult();
        if (forwarded.Peer is not { } peer) return await FailAsync($"The forwarded certificate was rejected: {forwarded.Reason}.");

        var result = await SucceedAsync(new(forwarded, peer, Options.ClaimsIssuer), peer);
        return result.Succeeded && await schemes.Value.YieldsAsync(Context, SpiffeIdentitySource.Forwarded, forwarded.CountsAsPeer) ? new YieldingCaller(result.Principal) : RequestSpan.Tell(Context, result);
    }
}
