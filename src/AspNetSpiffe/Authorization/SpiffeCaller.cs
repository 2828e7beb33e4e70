using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace AspNetSpiffe;

/// <summary>The verified caller, as a parameter of a minimal-API handler, of a controller's action or of a page's handler.</summary>
/// <remarks>
/// A minimal-API handler or an action with a <c>SpiffeCaller</c> runs for verified callers only; all others get 401 from <c>UseAuthorization()</c>. A <c>SpiffeCaller?</c> is <see langword="null"/> for them.
/// It is the <see cref="SpiffeIdentity"/> of <see cref="HttpContext.User"/>, which policies check. Immutable and thread-safe.
/// </remarks>
/// <example><code>app.MapGet("/hello", (SpiffeCaller caller) => $"Hello, {caller.Id}");</code></example>
public sealed class SpiffeCaller : IBindableFromHttpContext<SpiffeCaller>, IEndpointParameterMetadataProvider
{
    private SpiffeCaller(SpiffeId id) => Id = id;

    /// <summary>Gets the caller's SPIFFE ID.</summary>
    public SpiffeId Id { get; }

    /// <summary>Returns the caller's SPIFFE ID.</summary>
    public override string ToString() => Id.ToString();

    /// <summary>Finds the caller of a request; ASP.NET Core calls this.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter to bind.</param>
    /// <returns>The caller, or <see langword="null"/> without an authenticated caller.</returns>
    public static ValueTask<SpiffeCaller?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(Find(context));
    }

    /// <summary>Adds a requirement to an endpoint whose handler requires a caller, so that it responds with 401 without one; ASP.NET Core calls this.</summary>
    /// <param name="parameter">The parameter of the handler.</param>
    /// <param name="builder">The endpoint.</param>
    static void IEndpointParameterMetadataProvider.PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        if (IsRequired(parameter)) builder.Metadata.Add(new CallerRequired());
    }

    internal static SpiffeCaller? Find(HttpContext context) => context.GetSpiffeId() is { } id ? new(id) : null;

    internal static bool IsRequired(ParameterInfo parameter) => new NullabilityInfoContext().Create(parameter).WriteState != NullabilityState.Nullable;
}
