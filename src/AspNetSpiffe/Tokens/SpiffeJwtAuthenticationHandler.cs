using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The handler of the scheme <c>SpiffeJwt</c>: authenticates the owner of the request's token.</summary>
// No logger: the framework would log each failure and each challenge without a rate limit; TokenRefusals logs them.
internal sealed class SpiffeJwtAuthenticationHandler(IOptionsMonitor<SpiffeJwtAuthenticationOptions> options, TokenGate gate, TokenRefusals refusals)
    : SpiffeHandler<SpiffeJwtAuthenticationOptions>(options, NullLoggerFactory.Instance)
{
    private bool _hasRefused;

    protected override string Challenge => _hasRefused ? "Bearer error=\"invalid_token\"" : "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        Note(RequestToken.Absent);
        if (!BearerToken.IsIn(Request)) return AuthenticateResult.NoResult();

        _hasRefused = true;
        Note(RequestToken.Refused);
        var verdict = await gate.JudgeAsync(BearerToken.Find(Request), Options, Context.RequestAborted);
        if (verdict.Token is not { } token)
        {
            refusals.Tell(verdict, Context);
            return await FailAsync($"The token was rejected: {verdict.Reason}.");
        }

        // The sum of the times may overflow.
        var validUntil = DateTimeOffset.MaxValue - token.ExpiresAt > Options.ClockSkew ? token.ExpiresAt + Options.ClockSkew : DateTimeOffset.MaxValue;
        var result = await SucceedAsync(new(token, validUntil, Scheme.Name, Options.ClaimsIssuer), token.ExpiresAt);
        if (!result.Succeeded) return result;

        _hasRefused = false;
        Note(new(token));
        return RequestSpan.Tell(Context, result);
    }

    // Keep a token that another scheme of this kind has verified.
    private void Note(RequestToken outcome)
    {
        if (outcome.Token is not null || Context.Features.Get<RequestToken>()?.Token is null) Context.Features.Set(outcome);
    }
}
