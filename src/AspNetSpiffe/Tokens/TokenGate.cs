using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Verifies tokens and checks that their owners are allowed.</summary>
internal sealed class TokenGate(X509Source identity, IServiceProvider services)
{
    public async ValueTask<TokenVerdict> JudgeAsync(string? token, SpiffeJwtAuthenticationOptions options, CancellationToken cancellationToken)
    {
        if (token is null) return TokenVerdict.Refuse(JwtRejectionReason.SeveralTokens);

        // Each connects when it is first used, and only one of them is used.
        var verdict = options.Validation == JwtSvidValidation.Agent
            ? await services.GetRequiredService<AgentTokens>().VerifyAsync(token, options, cancellationToken)
            : Verify(services.GetRequiredService<JwtBundleSource>(), token, options);
        return verdict.Token is { } verified && !PatternList.Allows(options.AllowedPattern, verified.Id, identity) ? TokenVerdict.Refuse(JwtRejectionReason.NotAllowed, verified.Id, Allowed(options)) : verdict;
    }

    private static TokenVerdict Verify(JwtBundleSource bundles, string token, SpiffeJwtAuthenticationOptions options)
    {
        var result = bundles.Verify(token, options.AudienceList, options.ClockSkew);
        return result.Accepted ? TokenVerdict.Accept(new(result.Id, result.Svid.ExpiresAt, result.Svid.Claims)) : TokenVerdict.Refuse(result.Reason, result.Id, result.Detail);
    }

    private string Allowed(SpiffeJwtAuthenticationOptions options) => "Allowed: " + (options.AllowedPattern?.ToString() ?? (identity.Current is { } context ? $"members of '{context.TrustDomain}'" : "no caller, because this workload has no identity")) + ". To allow it, add its ID, or a pattern that matches it, to 'AllowedCallers'.";
}
