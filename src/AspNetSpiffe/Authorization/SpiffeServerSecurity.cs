using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Registers authentication, authorization and response handling for verified connections.</summary>
internal static class SpiffeServerSecurity
{
    // The service key of the decorated services.
    private static readonly object Key = new();

    /// <summary>Adds the scheme <c>Spiffe</c>, policies named by patterns, and their responses. May be called several times.</summary>
    public static IServiceCollection AddSpiffeServerSecurity(this IServiceCollection services)
    {
        // Not AddAuthentication(), which adds data protection: that writes keys to the disk and is not needed here.
        services.AddAuthenticationCore();
        new AuthenticationBuilder(services).AddSpiffe();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<AuthenticationOptions>, DefaultSchemeSetup>());
        return services.AddSpiffePolicies();
    }

    /// <summary>Adds policies named by patterns, and their responses. May be called several times.</summary>
    public static IServiceCollection AddSpiffePolicies(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ServerNotifications>();
        services.AddAuthorization();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IAuthorizationHandler, SpiffeAuthorizationHandler>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<MvcOptions>, SpiffeCallerBinding>());
        if (services.Any(service => service.ServiceType == typeof(SpiffePolicies))) return services;

        services.AddSingleton<SpiffePolicies>();
        services.AddTransient<IStartupFilter, EndpointCheck>();
        services.Decorate<IAuthorizationPolicyProvider>(static (others, provider) => new SpiffePolicyProvider(others, provider.GetRequiredService<SpiffePolicies>()));

        // The framework creates one per request.
        services.Decorate<IAuthorizationMiddlewareResultHandler>(static (others, provider) => new SpiffeAuthorizationResultHandler(
            others, provider.GetRequiredService<IOptions<SpiffeSchemes>>(), provider.GetRequiredService<IAuthenticationSchemeProvider>()));
        return services;
    }

    // The previous registration stays in the container under a key, with its lifetime, and is passed to the decorator.
    internal static void Decorate<TService>(this IServiceCollection services, Func<TService, IServiceProvider, TService> create)
        where TService : class
    {
        var decorated = services.Last(service => service.ServiceType == typeof(TService) && !service.IsKeyedService);
        services.Add(decorated switch
        {
            { ImplementationInstance: { } instance } => new(typeof(TService), Key, instance),
            { ImplementationFactory: { } factory } => new(typeof(TService), Key, (provider, _) => factory(provider), decorated.Lifetime),
            _ => new(typeof(TService), Key, decorated.ImplementationType!, decorated.Lifetime),
        });
        services.Add(new(typeof(TService), provider => create(provider.GetRequiredKeyedService<TService>(Key), provider), decorated.Lifetime));
    }
}
