using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Says yes to a policy where <see cref="SpiffeRequirementHandler"/> alone decides and says so. To all else it says nothing, and the framework decides.</summary>
/// <remarks>Whoever has a say is looked for in the services of each request, as the framework does: a tenant may have its own.</remarks>
internal readonly struct PolicyShortcut(IAuthorizationService service, IServiceProvider services)
{
    public bool Allows(AuthorizationPolicy policy, object? resource)
    {
        if (!HasOnlyOurs(policy.Requirements) || !IsFrameworks() || FindOnly(services.GetServices<IAuthorizationHandler>()) is not { } handler) return false;
        foreach (var requirement in policy.Requirements)
            if (!handler.IsMet((SpiffeRequirement)requirement, resource))
                return false;

        // What the framework logs and measures, it alone can.
        return services.GetRequiredService<FrameworkInstruments>().Authorization is { Enabled: false }
            && !services.GetRequiredService<ILogger<DefaultAuthorizationService>>().IsEnabled(LogLevel.Debug);
    }

    private static bool HasOnlyOurs(IReadOnlyList<IAuthorizationRequirement> requirements)
    {
        for (var i = 0; i < requirements.Count; i++)
            if (requirements[i] is not SpiffeRequirement)
                return false;

        return requirements.Count > 0;
    }

    // Beside ours only the one that lets requirements handle themselves; ours do not.
    private static SpiffeRequirementHandler? FindOnly(IEnumerable<IAuthorizationHandler> handlers)
    {
        SpiffeRequirementHandler? found = null;
        foreach (var handler in handlers)
            if (handler is SpiffeRequirementHandler ours) found = ours;
            else if (handler.GetType() != typeof(PassThroughAuthorizationHandler)) return null;

        return found;
    }

    private bool IsFrameworks() =>
        service.GetType().Assembly == typeof(DefaultAuthorizationService).Assembly
        && services.GetService<IAuthorizationHandlerProvider>()?.GetType() == typeof(DefaultAuthorizationHandlerProvider)
        && services.GetService<IAuthorizationHandlerContextFactory>()?.GetType() == typeof(DefaultAuthorizationHandlerContextFactory)
        && services.GetService<IAuthorizationEvaluator>()?.GetType() == typeof(DefaultAuthorizationEvaluator);
}
