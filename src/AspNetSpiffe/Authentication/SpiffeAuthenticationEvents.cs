namespace AspNetSpiffe;

/// <summary>Callbacks of the application for the schemes <c>Spiffe</c>, <c>SpiffeForwarded</c> and <c>SpiffeJwt</c>. Derive from it, or set its properties. An exception in a callback fails the request.</summary>
/// <remarks>Called concurrently by requests. They run after the verification of the certificate or token, so a callback cannot authenticate an unverified caller. Not thread-safe while it is changed: set the properties before start.</remarks>
public class SpiffeAuthenticationEvents
{
    /// <summary>Gets or sets the callback for a verified caller, before it becomes the user: it may add claims, or reject the caller with <c>context.Fail(…)</c>.</summary>
    public Func<SpiffeAuthenticatedContext, Task> OnAuthenticated { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets the callback for a rejected credential: an invalid token, or a peer whose SVID has expired.</summary>
    public Func<SpiffeAuthenticationFailedContext, Task> OnAuthenticationFailed { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets the callback before a 401 response is written; <c>context.HandleResponse()</c> suppresses it.</summary>
    public Func<SpiffeChallengeContext, Task> OnChallenge { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets the callback for a verified caller without permission: it may write the response; otherwise the status is 403.</summary>
    public Func<SpiffeForbiddenContext, Task> OnForbidden { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Called when a caller was verified.</summary>
    /// <param name="context">The request, and the verified caller.</param>
    public virtual Task Authenticated(SpiffeAuthenticatedContext context) => OnAuthenticated(context);

    /// <summary>Called when the credential of the request was rejected.</summary>
    /// <param name="context">The request, and the error.</param>
    public virtual Task AuthenticationFailed(SpiffeAuthenticationFailedContext context) => OnAuthenticationFailed(context);

    /// <summary>Called before a 401 is written.</summary>
    /// <param name="context">The request.</param>
    public virtual Task Challenge(SpiffeChallengeContext context) => OnChallenge(context);

    /// <summary>Called when a verified caller has no permission.</summary>
    /// <param name="context">The request.</param>
    public virtual Task Forbidden(SpiffeForbiddenContext context) => OnForbidden(context);
}
