using System.Security.Claims;
using System.Text.Encodings.Web;
using AspNetSpiffe;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Docs;

/// <summary>docs/how-to/migrate.md</summary>
internal static class Migration
{
    public static void AcceptBoth(WebApplicationBuilder builder)
    {
        // <both>
        var shop = SpiffeIdPattern.Parse("spiffe://example.org/ns/shop/**");
        builder.Services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>("ApiKey", null);
        builder.Services.AddAuthorizationBuilder().AddPolicy("Orders", policy => policy
            .AddAuthenticationSchemes("Spiffe", "ApiKey")
            .RequireAssertion(context => context.User.GetSpiffeId() is { } id ? shop.Matches(id) : context.User.HasClaim("key", "orders")));
        // </both>
    }
}

/// <summary>A placeholder for the application's own scheme.</summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Request.Headers["X-Api-Key"] == "an old key"
        ? AuthenticateResult.Success(new(new ClaimsPrincipal(new ClaimsIdentity([new("key", "orders")], Scheme.Name)), Scheme.Name))
        : AuthenticateResult.NoResult());
}
