using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Registers all that stands between a verified connection and the application's code.</summary>
internal static class SpiffeServerSecurity
{
    // The key of those in the container who were asked before we were.
    private static readonly object Key = new();

    /// <summary>Adds the scheme <c>Spiffe</c>, policies named by patterns, and their answers. Calling it twice does no harm.</summary>
    public static IServiceCollection AddSpiffeServerSecurity(this IServiceCollection services)
    {
        // Not AddAuthentication(): that brings data protection, which writes keys to the disk, and nothing here needs it.
        services.AddAuthenticationCore();
        new AuthenticationBuilder(services).AddSpiffe();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<AuthenticationOptions>, DefaultSchemeSetup>());
        services.AddShortAuthentication();
        return services.AddSpiffePolicies();
    }

    /// <summary>Adds policies named by patterns, and their answers. Calling it twice does no harm.</summary>
    public static IServiceCollection AddSpiffePolicies(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ServerNotifications>();
        services.AddAuthorization();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, SpiffeRequirementHandler>());
        if (services.Any(service => service.ServiceType == typeof(SpiffePolicies))) return services;

        services.AddSingleton<SpiffePolicies>();
        services.TryAddSingleton<Listeners>();
        services.AddTransient<IStartupFilter, PolicyNameCheck>();
        services.Decorate<IAuthorizationPolicyProvider>(static (others, provider) => new SpiffePolicyProvider(others, provider.GetRequiredService<SpiffePolicies>()));
        services.Decorate<IAuthorizationMiddlewareResultHandler>(static (others, provider) => new SpiffeAuthorizationResultHandler(others, provider.GetRequiredService<TimeProvider>()));
        services.AddCallerChoice();
        return services;
    }

    // Short ways only around the framework's own services: what another does, it alone knows.
    private static void AddCallerChoice(this IServiceCollection services)
    {
        var asked = services.FindAsked<IPolicyEvaluator>();
        if (asked.ImplementationType == typeof(PolicyEvaluator)) services.Add(new(typeof(IPolicyEvaluator), Create, asked.Lifetime));
        else services.Decorate<IPolicyEvaluator>(static (others, _) => new CallerChoice(others));

        static object Create(IServiceProvider provider)
        {
            var service = provider.GetRequiredService<IAuthorizationService>();
            return new CallerChoice(new PolicyEvaluator(service), new(service, provider));
        }
    }

    private static void AddShortAuthentication(this IServiceCollection services)
    {
        var asked = services.FindAsked<IAuthenticationService>();
        if (asked.ImplementationType?.Assembly != typeof(AuthenticationService).Assembly) return;

        services.TryAddSingleton<Listeners>();
        services.Add(WithKey(asked, SpiffeAuthenticationService.OthersKey));
        services.AddTransient<IAuthenticationService, SpiffeAuthenticationService>();
    }

    // The one who was asked so far stays in the container under a key, with its lifetime, and is handed to the one who is asked now.
    private static void Decorate<TService>(this IServiceCollection services, Func<TService, IServiceProvider, TService> create)
        where TService : class
    {
        var decorated = services.FindAsked<TService>();
        services.Add(WithKey(decorated, Key));
        services.Add(new(typeof(TService), provider => create(provider.GetRequiredKeyedService<TService>(Key), provider), decorated.Lifetime));
    }

    private static ServiceDescriptor FindAsked<TService>(this IServiceCollection services) =>
        services.Last(service => service.ServiceType == typeof(TService) && !service.IsKeyedService);

    private static ServiceDescriptor WithKey(ServiceDescriptor service, object key) => service switch
    {
        { ImplementationInstance: { } instance } => new(service.ServiceType, key, instance),
        { ImplementationFactory: { } factory } => new(service.ServiceType, key, (provider, _) => factory(provider), service.Lifetime),
        _ => new(service.ServiceType, key, service.ImplementationType!, service.Lifetime),
    };
}
