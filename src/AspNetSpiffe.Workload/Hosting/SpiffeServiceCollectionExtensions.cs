using System.Diagnostics.Metrics;
using AspNetSpiffe;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a SPIFFE identity to a host.</summary>
public static class SpiffeServiceCollectionExtensions
{
    /// <summary>Adds the workload's identity: one <see cref="X509Source"/>, for whose first SVID the host waits at start, and one <see cref="JwtSource"/>.</summary>
    /// <remarks>May be called several times; there is one source of each kind. The <see cref="JwtSource"/> connects with the first request for a token.</remarks>
    /// <example><code>
    /// builder.Services.AddSpiffe();
    /// builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders");
    /// </code></example>
    public static IServiceCollection AddSpiffe(this IServiceCollection services) => services.AddSpiffe(static _ => { });

    /// <inheritdoc cref="AddSpiffe(IServiceCollection)"/>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Changes the options; runs after the configuration section <c>Spiffe</c> and takes precedence.</param>
    public static IServiceCollection AddSpiffe(this IServiceCollection services, Action<SpiffeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSpiffeSources();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SpiffeIdentityService>());
        services.TryAddSingleton<IdentityRequired>();
        services.Configure(configure);
        return services;
    }

    /// <summary>Adds the same sources as <see cref="AddSpiffe(IServiceCollection)"/>, but does not start them: the host does not wait for an identity.</summary>
    /// <remarks>
    /// For hosts that only verify peers: tokens with a <see cref="JwtBundleSource"/>, or servers with an <see cref="X509BundleSource"/>. Each connects when it is first resolved,
    /// and a Workload API may return bundles to a workload without an identity. The <see cref="X509Source"/> does nothing before <see cref="X509Source.EnsureStartedAsync"/>. May be combined with <c>AddSpiffe()</c>, in any order.
    /// </remarks>
    public static IServiceCollection AddSpiffeSources(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(X509Source))) return services;

        services.AddSettings();
        services.AddSingleton(provider => new SourceRegistry(provider.GetService<IMeterFactory>()));
        services.AddSingleton(provider => BundleEndpoints.Of(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value.Federation,
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value.Limits,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<SourceRegistry>().Meter));
        services.AddSingleton(provider => new X509Source(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetRequiredService<SourceRegistry>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<BundleEndpoints>()));
        services.AddSingleton(provider => new JwtSource(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<SourceRegistry>()));
        services.AddSingleton(StartX509Bundles);
        return services.AddSingleton(StartJwtBundles);
    }

    private static void AddSettings(this IServiceCollection services)
    {
        services.AddOptions();

        // Inserted first, so that options set in code take precedence in any order of calls.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<SpiffeOptions>, SpiffeOptionsSetup>());
        services.AddSingleton<IValidateOptions<SpiffeOptions>, SpiffeOptionsValidator>();
        services.AddSingleton<IValidateOptions<SpiffeOptions>, UnreadKeys>();
        services.AddKeyedSingleton(SpiffeOptions.SectionName, SpiffeOptionsSetup.Keys);
        services.AddSingleton(new NoopHost(services));

        // Inserted first, so that all settings are validated before any service uses them.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, SettingsCheck>());
    }

    // Connects when it is first resolved: most services have an SVID, which comes with the bundles.
    private static X509BundleSource StartX509Bundles(IServiceProvider provider)
    {
        var source = new X509BundleSource(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetRequiredService<SourceRegistry>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<BundleEndpoints>());
        source.Start();
        return source;
    }

    // Connects when it is first resolved: most services accept no tokens.
    private static JwtBundleSource StartJwtBundles(IServiceProvider provider)
    {
        var source = new JwtBundleSource(
            provider.GetRequiredService<IOptions<SpiffeOptions>>().Value,
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<SourceRegistry>(),
            provider.GetRequiredService<BundleEndpoints>());
        source.Start();
        return source;
    }
}
