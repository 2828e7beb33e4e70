using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests;

/// <summary>A scheme of the application's own, whose users are named by the header <c>X-User</c>, or all are Alice.</summary>
internal sealed class UserHandler(IOptionsMonitor<UserOptions> options, ILoggerFactory loggers, UrlEncoder encoder) : AuthenticationHandler<UserOptions>(options, loggers, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        Options.EverybodyIsAlice ? Success("Alice") : Request.Headers["X-User"] is [{ } name] ? Success(name) : AuthenticateResult.NoResult());

    private static AuthenticateResult Success(string name) => AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.Name, name)], "User")), "User"));
}
