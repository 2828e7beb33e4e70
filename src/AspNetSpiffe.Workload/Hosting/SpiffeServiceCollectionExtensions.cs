using System.Diagnostics.Metrics;
using AspNetSpiffe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Gives a host a SPIFFE identity.</summary>
public static class SpiffeServiceCollectionExtensions
{
    /// <summary>Adds the workload's identity: one <see cref="X509Source"/> that the host fills before it starts and keeps current, and one <see cref="JwtSource"/>.</summary>
    /// <remarks>May be called several times; there is one source of each kind all the same. The <see cref="JwtSource"/> connects when it is first asked for a token.</remarks>
    /// <example><code>
    /// builder.Services.AddSpiffe();
    /// builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders");
    /// </code></example>
    public static IServiceCollection AddSpiffe(this IServiceCollection services) => services.AddSpiffe(static _ => { });

    /// <inheritdoc cref="AddSpiffe(IServiceCollection)"/>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Runs after the configuration section <c>Spiffe</c> was bound, and so wins.</param>
    public static IServiceCollection AddSpiffe(this IServiceCollection services, Action<SpiffeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        if (services.All(service => service.ServiceType != typeof(X509Source))) services.AddSource();
        services.Configure(configure);
        return services;
    }

    private static void AddSource(this IServiceCollection services)
    {
        // Not BindConfiguration: it makes a mistake in a reloaded file the problem of whoever reloaded it.
        services.AddOptions<SpiffeOptions>()
            .Configure<IConfiguration>(static (options, configuration) => configuration.GetSection(SpiffeOptions.SectionName).Bind(options))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SpiffeOptions>, SpiffeOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SpiffeIdentityService>());
        services.AddSingleton(provider => new X509Source(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<IMeterFactory>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.AddSingleton(provider => new JwtSource(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.AddSingleton(StartJwtBundles);
    }

    // Connects only when somebody asks for it: most services take no tokens.
    private static JwtBundleSource StartJwtBundles(IServiceProvider provider)
    {
        var source = new JwtBundleSource(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System);
        source.Start();
        return source;
    }
}
