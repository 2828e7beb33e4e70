namespace AspNetSpiffe;

/// <summary>What an application may add to the schemes <c>Spiffe</c> and <c>SpiffeJwt</c>. Derive from it, or set its properties; what they throw fails the request.</summary>
/// <remarks>Called concurrently by requests. The verification in the handshake or of the token comes first: an event cannot make an unverified caller a verified one.</remarks>
public class SpiffeAuthenticationEvents
{
    /// <summary>Gets or sets what is called when a caller was verified, before it becomes the user: it may add claims, or reject the caller with <c>context.Fail(…)</c>.</summary>
    public Func<SpiffeAuthenticatedContext, Task> OnAuthenticated { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets what is called when the credential of a request was rejected: an invalid token, or a peer whose SVID has expired.</summary>
    public Func<SpiffeAuthenticationFailedContext, Task> OnAuthenticationFailed { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets what is called before the 401 is written; <c>context.HandleResponse()</c> keeps it from being written.</summary>
    public Func<SpiffeChallengeContext, Task> OnChallenge { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Gets or sets what is called when a verified caller is forbidden: it may write the response, whose status is 403 otherwise.</summary>
    public Func<SpiffeForbiddenContext, Task> OnForbidden { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Called when a caller was verified.</summary>
    /// <param name="context">The request, and who was verified.</param>
    public virtual Task Authenticated(SpiffeAuthenticatedContext context) => OnAuthenticated(context);

    /// <summary>Called when the credential of the request was rejected.</summary>
    /// <param name="context">The request, and what was wrong.</param>
    public virtual Task AuthenticationFailed(SpiffeAuthenticationFailedContext context) => OnAuthenticationFailed(context);

    /// <summary>Called before a 401 is written.</summary>
    /// <param name="context">The request.</param>
    public virtual Task Challenge(SpiffeChallengeContext context) => OnChallenge(context);

    /// <summary>Called when a verified caller is forbidden.</summary>
    /// <param name="context">The request.</param>
    public virtual Task Forbidden(SpiffeForbiddenContext context) => OnForbidden(context);
}
