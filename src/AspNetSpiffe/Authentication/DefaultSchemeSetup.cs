using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Makes <c>Spiffe</c> the default scheme if the application has no scheme of its own.</summary>
internal sealed class DefaultSchemeSetup(IOptions<SpiffeSchemes> ours) : IPostConfigureOptions<AuthenticationOptions>
{
    public void PostConfigure(string? name, AuthenticationOptions options)
    {
        if (NamesDefault(options)) return;

        // ASP.NET Core uses a single scheme as the default. Ours must not take that role from the application's scheme:
        // a requirement for a user's token must not be met by a workload's certificate. Nor does SpiffeJwt become the default next to Spiffe:
        // the policies of all endpoints must not change because one endpoint accepts tokens.
        var others = options.Schemes.Where(scheme => !ours.Value.Contain(scheme.Name)).Take(2).ToArray();
        options.DefaultScheme = others switch
        {
            [] => SpiffeAuthenticationDefaults.AuthenticationScheme,
            [var only] => only.Name,
            _ => null,
        };
    }

    private static bool NamesDefault(AuthenticationOptions options) =>
        (options.DefaultScheme ?? options.DefaultAuthenticateScheme ?? options.DefaultChallengeScheme ?? options.DefaultForbidScheme
            ?? options.DefaultSignInScheme ?? options.DefaultSignOutScheme) is not null;
}
