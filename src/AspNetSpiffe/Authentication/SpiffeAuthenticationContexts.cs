using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace AspNetSpiffe;

/// <summary>A caller was verified. The application may add claims to <see cref="Identity"/>, replace the principal, or reject the caller. For one request; not thread-safe.</summary>
public sealed class SpiffeAuthenticatedContext : ResultContext<AuthenticationSchemeOptions>
{
    internal SpiffeAuthenticatedContext(HttpContext context, AuthenticationScheme scheme, AuthenticationSchemeOptions options, SpiffeIdentity identity, DateTimeOffset expires)
        : base(context, scheme, options)
    {
        Identity = identity;
        Principal = new(identity);
        Properties.ExpiresUtc = expires;
    }

    /// <summary>Gets the verified caller.</summary>
    public SpiffeIdentity Identity { get; }
}

/// <summary>The credential of the request was rejected. The response does not depend on the reason; this context has the reason, for the application's own records. For one request; not thread-safe.</summary>
public sealed class SpiffeAuthenticationFailedContext : BaseContext<AuthenticationSchemeOptions>
{
    internal SpiffeAuthenticationFailedContext(HttpContext context, AuthenticationScheme scheme, AuthenticationSchemeOptions options, string problem)
        : base(context, scheme, options) => Problem = problem;

    /// <summary>Gets the error. It must not be sent to the caller.</summary>
    public string Problem { get; }
}

/// <summary>A request is about to get a 401 response. For one request; not thread-safe.</summary>
public sealed class SpiffeChallengeContext : PropertiesContext<AuthenticationSchemeOptions>
{
    internal SpiffeChallengeContext(HttpContext context, AuthenticationScheme scheme, AuthenticationSchemeOptions options, AuthenticationProperties properties)
        : base(context, scheme, options, properties)
    {
    }

    /// <summary>Gets whether the application has written the response.</summary>
    public bool Handled { get; private set; }

    /// <summary>Marks the response as written by the application.</summary>
    public void HandleResponse() => Handled = true;
}

/// <summary>A request of a verified caller is about to get a 403 response. For one request; not thread-safe.</summary>
public sealed class SpiffeForbiddenContext : PropertiesContext<AuthenticationSchemeOptions>
{
    internal SpiffeForbiddenContext(HttpContext context, AuthenticationScheme scheme, AuthenticationSchemeOptions options, AuthenticationProperties properties)
        : base(context, scheme, options, properties)
    {
    }
}
