namespace AspNetSpiffe;

/// <summary>Tells our authentication schemes from the application's.</summary>
internal static class OurSchemes
{
    public static bool Contain(string scheme) => scheme is SpiffeAuthenticationDefaults.AuthenticationScheme or SpiffeJwtAuthenticationDefaults.AuthenticationScheme;
}
