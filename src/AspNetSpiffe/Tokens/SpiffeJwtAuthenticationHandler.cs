using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The scheme <c>SpiffeJwt</c>: the owner of the request's token becomes its user.</summary>
// The framework would log each failure and each challenge, as often as a stranger likes; what there is to say, TokenRefusals says.
internal sealed class SpiffeJwtAuthenticationHandler(IOptionsMonitor<SpiffeJwtAuthenticationOptions> options, TokenGate gate, TokenRefusals refusals)
    : AuthenticationHandler<SpiffeJwtAuthenticationOptions>(options, NullLoggerFactory.Instance, UrlEncoder.Default)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        Context.Features.Set(RequestToken.Absent);
        if (!BearerToken.IsIn(Request)) return AuthenticateResult.NoResult();

        Context.Features.Set(RequestToken.Refused);
        var verdict = await gate.JudgeAsync(BearerToken.Find(Request), Options, Context.RequestAborted);
        if (verdict.Token is not { } token)
        {
            refusals.Tell(verdict, Context);
            return AuthenticateResult.Fail($"The token was refused: {verdict.Reason}.");
        }

        Context.Features.Set(new RequestToken(token, Options.ClockSkew));
        var properties = new AuthenticationProperties { ExpiresUtc = token.ExpiresAt };
        return AuthenticateResult.Success(new(new(SpiffeIdentity.Create(token.Id, Scheme.Name, Options.ClaimsIssuer)), properties, Scheme.Name));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        // Whoever challenges need not have authenticated.
        await HandleAuthenticateOnceSafeAsync();
        await Refusal.Unauthenticated.WriteAsync(Context, Challenge.Token(Context));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Refusal.PermissionDenied.WriteAsync(Context, Challenge.Token(Context));
}
