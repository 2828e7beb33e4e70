using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe;

/// <summary>Says yes to a policy where <see cref="SpiffeRequirementHandler"/> alone decides and says so. To all else it says nothing, and the framework decides.</summary>
/// <remarks>Whoever has a say is looked for in the services of each request, as the framework does: a tenant may have its own.</remarks>
internal readonly struct PolicyShortcut(IAuthorizationService service, IServiceProvider services)
{
    // The framework's provider gives the same handlers to everybody.
    private static readonly AuthorizationHandlerContext AnyContext = new([], new(), null);

    public bool Allows(AuthorizationPolicy policy, object? resource)
    {
        var requirements = policy.Requirements;
        if (requirements.Count == 0 || !IsFrameworks() || FindOnlyHandler() is not { } handler) return false;

        // By index, as no enumerator is made for it.
        for (var i = 0; i < requirements.Count; i++)
            if (requirements[i] is not SpiffeRequirement requirement || !handler.IsMet(requirement, resource))
                return false;

        return !services.GetRequiredService<Listeners>().HearAuthorization;
    }

    private bool IsFrameworks() =>
        service.GetType().Assembly == typeof(DefaultAuthorizationService).Assembly
        && services.GetService<IAuthorizationHandlerContextFactory>()?.GetType() == typeof(DefaultAuthorizationHandlerContextFactory)
        && services.GetService<IAuthorizationEvaluator>()?.GetType() == typeof(DefaultAuthorizationEvaluator);

    // Beside ours only the one that lets requirements handle themselves; ours do not.
    private SpiffeRequirementHandler? FindOnlyHandler()
    {
        if (services.GetService<IAuthorizationHandlerProvider>() is not { } provider || provider.GetType() != typeof(DefaultAuthorizationHandlerProvider)) return null;
        if (provider.GetHandlersAsync(AnyContext) is not { IsCompletedSuccessfully: true, Result: IReadOnlyList<IAuthorizationHandler> handlers }) return null;

        SpiffeRequirementHandler? found = null;
        for (var i = 0; i < handlers.Count; i++)
            if (handlers[i] is SpiffeRequirementHandler ours) found = ours;
            else if (handlers[i].GetType() != typeof(PassThroughAuthorizationHandler)) return null;

        return found;
    }
}
