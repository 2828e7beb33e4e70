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
    /// <summary>Adds the workload's identity: one <see cref="X509Source"/> that the host fills before it starts and keeps current, and one <see cref="JwtSource"/>.</summary>
    /// <remarks>May be called several times; there is still one source of each kind. The <see cref="JwtSource"/> connects with the first request for a token.</remarks>
    /// <example><code>
    /// builder.Services.AddSpiffe();
    /// builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders");
    /// </code></example>
    public static IServiceCollection AddSpiffe(this IServiceCollection services) => services.AddSpiffe(static _ => { });

    /// <inheritdoc cref="AddSpiffe(IServiceCollection)"/>
    /// <param name="services">The services of the host.</param>
    /// <param name="configure">Runs after the configuration section <c>Spiffe</c> was read, and overrides it.</param>
    public static IServiceCollection AddSpiffe(this IServiceCollection services, Action<SpiffeOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddSpiffeSources();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SpiffeIdentityService>());
        services.TryAddSingleton<IdentityRequired>();
        services.Configure(configure);
        return services;
    }

    /// <summary>Adds the sources that <see cref="AddSpiffe(IServiceCollection)"/> adds, and leaves the start to those who need them: the host waits for no identity.</summary>
    /// <remarks>
    /// For hosts that only verify others, their tokens with a <see cref="JwtBundleSource"/> or servers with an <see cref="X509BundleSource"/>: each connects when it is first resolved,
    /// and a Workload API may give bundles to a workload without an identity. The <see cref="X509Source"/> does nothing before <see cref="X509Source.EnsureStartedAsync"/>. May be called beside <c>AddSpiffe()</c>, in any order.
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

        // First, so that code wins in any order of calls.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<SpiffeOptions>, SpiffeOptionsSetup>());
        services.AddSingleton<IValidateOptions<SpiffeOptions>, SpiffeOptionsValidator>();
        services.AddSingleton<IValidateOptions<SpiffeOptions>, UnreadKeys>();
        services.AddKeyedSingleton(SpiffeOptions.SectionName, SpiffeOptionsSetup.Keys);
        services.AddSingleton(new NoopHost(services));

        // First, so that nothing fails over settings before all of them are checked.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, SettingsCheck>());
    }

    // Connects only when somebody asks for it: most services have an SVID, and the bundles with it.
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

    // Connects only when somebody asks for it: most services take no tokens.
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
