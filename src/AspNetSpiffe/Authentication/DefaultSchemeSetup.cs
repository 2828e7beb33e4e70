using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Makes <c>Spiffe</c> the default scheme where the application has none of its own.</summary>
internal sealed class DefaultSchemeSetup(IOptions<SpiffeSchemes> ours) : IPostConfigureOptions<AuthenticationOptions>
{
    public void PostConfigure(string? name, AuthenticationOptions options)
    {
        if (NamesDefault(options)) return;

        // ASP.NET Core takes an only scheme as the default. Ours must not take that from the application's:
        // whoever asks for a user's token must not be content with a workload's certificate. Nor does SpiffeJwt become it beside Spiffe:
        // what the endpoints of an application mean must not change because one of them takes tokens.
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
