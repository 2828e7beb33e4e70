using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Benchmarks;

/// <summary>The least that an authentication scheme can do: one ticket for all requests. What such a request costs is the framework's.</summary>
internal sealed class ConstantTicket(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, UrlEncoder.Default)
{
    private static readonly Task<AuthenticateResult> Always = Task.FromResult(AuthenticateResult.Success(new(new(new ClaimsIdentity("constant")), "constant")));

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Always;
}
