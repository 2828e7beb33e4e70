using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>The verified caller, as a parameter of a minimal-API handler.</summary>
/// <remarks>
/// A handler with a <c>SpiffeCaller</c> runs for verified callers only; anybody else gets 401. A <c>SpiffeCaller?</c> is <see langword="null"/> for them.
/// It is the peer of the connection, whatever token the request has.
/// Immutable, and so safe to share between threads.
/// </remarks>
/// <example><code>app.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}");</code></example>
public sealed class SpiffeCaller : IBindableFromHttpContext<SpiffeCaller>, IEndpointParameterMetadataProvider
{
    private SpiffeCaller(SpiffePeer peer) => Peer = peer;

    /// <summary>Gets the caller's SPIFFE ID.</summary>
    public SpiffeId Id => Peer.Id;

    /// <summary>Gets what is known of the caller: ID, certificate, expiry, bundle.</summary>
    public SpiffePeer Peer { get; }

    /// <summary>Gives the caller's SPIFFE ID.</summary>
    public override string ToString() => Peer.ToString();

    /// <summary>Finds the caller of a request; ASP.NET Core calls this.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter to bind.</param>
    /// <returns>The caller, or <see langword="null"/> when nobody was verified or the caller's SVID has expired.</returns>
    public static ValueTask<SpiffeCaller?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var time = context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System;
        return ValueTask.FromResult(CurrentPeer.Find(context, time) is { } peer ? new SpiffeCaller(peer) : null);
    }

    /// <summary>Makes an endpoint whose handler needs a caller answer 401 when there is none; ASP.NET Core calls this.</summary>
    /// <param name="parameter">The parameter of the handler.</param>
    /// <param name="builder">The endpoint.</param>
    static void IEndpointParameterMetadataProvider.PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        var isOptional = new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;
        if (isOptional || builder.RequestDelegate is not { } next) return;

        // Without this, the framework answers a missing parameter with 400 and, in development, with an exception.
        var time = builder.ApplicationServices.GetService<TimeProvider>() ?? TimeProvider.System;
        builder.RequestDelegate = context => CurrentPeer.Find(context, time) is null ? Refusal.Unauthenticated.WriteAsync(context) : next(context);
    }
}
