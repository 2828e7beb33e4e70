using AspNetSpiffe;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Adds a SPIFFE identity and mutual TLS to a web application.</summary>
public static class SpiffeWebHostBuilderExtensions
{
    /// <summary>Configures mutual TLS on every https endpoint, with this workload's SVID and for verified peers only, unless an endpoint has another mode.</summary>
    /// <remarks>
    /// <para>
    /// It applies to endpoints from code, appsettings and ASPNETCORE_URLS; a later ConfigureHttpsDefaults of the application does not override it. Also adds
    /// the authentication scheme <c>Spiffe</c> and policies that are named by a pattern. No endpoint listens before the first SVID. Without any https endpoint the
    /// start fails, unless <see cref="SpiffeServerOptions.RequireHttpsEndpoint"/> is false.
    /// </para>
    /// Set another mode (<see cref="SpiffeServerMode"/>) of an endpoint in Kestrel's configuration with <c>Spiffe:Endpoints:&lt;its name&gt;:Mode</c>, and of an endpoint in code with
    /// <c>listenOptions.UseSpiffe(mode)</c> (<see cref="SpiffeListenOptionsExtensions"/>). A reload does not change a mode.
    /// </remarks>
    /// <example><code>
    /// var builder = WebApplication.CreateBuilder(args);
    /// builder.WebHost.UseSpiffeMtls();
    /// </code></example>
    public static IWebHostBuilder UseSpiffeMtls(this IWebHostBuilder builder) => builder.UseSpiffeMtls(static _ => { });

    /// <inheritdoc cref="UseSpiffeMtls(IWebHostBuilder)" path="/*[not(self::param)]"/>
    /// <param name="builder">The web host.</param>
    /// <param name="configure">Changes the options; runs after the configuration section <c>Spiffe</c> and takes precedence.</param>
    public static IWebHostBuilder UseSpiffeMtls(this IWebHostBuilder builder, Action<SpiffeServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        return builder.UseKestrelHttpsConfiguration().ConfigureServices(services => services.AddSpiffeServer().Configure(configure).AddEveryHttpsEndpoint());
    }

    private static void AddEveryHttpsEndpoint(this IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(KestrelTlsSetup))) return;
        services.AddSingleton<HttpsEndpointRequired>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<HttpsEndpointRequired>());
        services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter>(provider => provider.GetRequiredService<HttpsEndpointRequired>()));
        services.AddSingleton<EndpointModes>();
        services.AddSingleton<IValidateOptions<SpiffeOptions>>(provider => provider.GetRequiredService<EndpointModes>());
        services.AddKeyedSingleton(SpiffeOptions.SectionName, (provider, _) => provider.GetRequiredService<EndpointModes>().Keys);
        services.AddSingleton<KestrelTlsSetup>();
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<KestrelServerOptions>>(provider => provider.GetRequiredService<KestrelTlsSetup>()));
        services.AddSingleton<IPostConfigureOptions<KestrelServerOptions>>(provider => provider.GetRequiredService<KestrelTlsSetup>());
        services.AddSingleton<IValidateOptions<KestrelServerOptions>>(provider => provider.GetRequiredService<KestrelTlsSetup>());
    }
}
