using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AspNetSpiffe.Tests.Principal;

/// <summary>An endpoint of the table: what its application wrote.</summary>
/// <param name="Text">As the table shows it.</param>
/// <param name="Map">Maps it in a group.</param>
/// <param name="NamesNoScheme">Whether it requires a caller and leaves the scheme to the default.</param>
internal sealed record CallerEndpoint(string Text, Action<IEndpointRouteBuilder> Map, bool NamesNoScheme = false)
{
    public const string A = "spiffe://example.org/client";

    public const string B = "spiffe://example.org/admin";

    public static IReadOnlyList<CallerEndpoint> All { get; } =
    [
        new("nothing", app => Get(app)),
        new("`[Authorize]`", app => Get(app).RequireAuthorization()),
        new("policy A", app => Get(app).RequireAuthorization(A), NamesNoScheme: true),
        new("a policy with `RequireSpiffe(A)`", app => Get(app).RequireAuthorization("Own"), NamesNoScheme: true),
        new("`SpiffeCaller`", app => app.MapGet("", (SpiffeCaller caller, HttpContext http) => Answer(http)), NamesNoScheme: true),
        new("policy A, scheme Spiffe", app => Get(app).RequireAuthorization(Policy(A, "Spiffe"))),
        new("policy A, scheme SpiffeJwt", app => Get(app).RequireAuthorization(Policy(A, "SpiffeJwt"))),
        new("a policy with `RequireSpiffe(A)` and scheme SpiffeJwt", app => Get(app).RequireAuthorization("OwnToken")),
        new("`SpiffeCaller`, scheme SpiffeJwt", app => app.MapGet("", (SpiffeCaller caller, HttpContext http) => Answer(http)).RequireAuthorization(Policy(null, "SpiffeJwt"))),
        new("policy A, schemes Spiffe and SpiffeJwt", app => Get(app).RequireAuthorization(Policy(A, "Spiffe,SpiffeJwt"))),
        new("policy A, schemes SpiffeJwt and Spiffe", app => Get(app).RequireAuthorization(Policy(A, "SpiffeJwt,Spiffe"))),
        new("claim of A, both schemes", app => Get(app).RequireAuthorization(policy => policy.AddAuthenticationSchemes("Spiffe", "SpiffeJwt").RequireClaim(SpiffeClaimTypes.Path, "/client"))),
        new("`[Authorize]`, both schemes", app => Get(app).RequireAuthorization(Policy(null, "Spiffe,SpiffeJwt"))),
        new("convention A", app => Get(app).RequireSpiffe(A)),
        new("convention A, `AllowAnonymous`", app => Get(app).RequireSpiffe(A).AllowAnonymous()),
        new("convention A, `[Authorize]`", app => Get(app.MapGroup("").RequireSpiffe(A)).RequireAuthorization()),
        new("convention A, a user of the scheme User", app => Get(app.MapGroup("").RequireSpiffe(A)).RequireAuthorization(Policy(null, "User"))),
        new("convention A, scheme SpiffeJwt", app => Get(app.MapGroup("").RequireSpiffe(A)).RequireAuthorization(Policy(null, "SpiffeJwt"))),
        new("convention A, policy B, scheme SpiffeJwt", app => Get(app.MapGroup("").RequireSpiffe(A)).RequireAuthorization(Policy(B, "SpiffeJwt"))),
        new("convention A, policy of any peer, both schemes", app => Get(app.MapGroup("").RequireSpiffe(A)).RequireAuthorization(Policy("spiffe:any", "Spiffe,SpiffeJwt"))),
        new("convention of the trust domain, policy B", app => Get(app.MapGroup("").RequireTrustDomain("example.org")).RequireAuthorization(B), NamesNoScheme: true),
        new("middleware A", app => Get(app)),
        new("middleware A, `[Authorize]`", app => Get(app).RequireAuthorization()),
    ];

    public bool IsInPipeline => Text.StartsWith("middleware", StringComparison.Ordinal);

    private static RouteHandlerBuilder Get(IEndpointRouteBuilder app) => app.MapGet("", (HttpContext http) => Answer(http));

    private static string Answer(HttpContext http) => http.GetSpiffeId()?.Path ?? "-";

    private static AuthorizeAttribute Policy(string? policy, string schemes) => new() { Policy = policy, AuthenticationSchemes = schemes };
}
