using System.Text.RegularExpressions;
using AspNetSpiffe;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.Hosting;

/// <summary>Runs a SPIFFE development agent inside an application.</summary>
public static partial class SpiffeDevAgentHostApplicationBuilderExtensions
{
    /// <summary>Runs a development agent in this process as the origin of this application's identity. For development only.</summary>
    /// <param name="builder">The application, in the Development environment.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="InvalidOperationException">The environment is not Development, or the builder already has an agent.</exception>
    public static IHostApplicationBuilder AddSpiffeDevAgent(this IHostApplicationBuilder builder) => builder.AddSpiffeDevAgent(configure: null);

    /// <inheritdoc cref="AddSpiffeDevAgent(IHostApplicationBuilder)" path="/*[not(self::param)]"/>
    /// <param name="builder">The application, in the Development environment.</param>
    /// <param name="configure">Adds the workloads; the first is this application. Without a workload, the application gets an identity with its own name.</param>
    /// <remarks>
    /// The agent starts before every other hosted service, with a warning in the log, and <see cref="SpiffeOptions.EndpointSocket"/> is set to the socket of the
    /// first workload. The running <see cref="DevAgent"/> is registered as a service, for rotation on demand and for the addresses of the other workloads.
    /// If the application sets another agent (in code, as <c>Spiffe:EndpointSocket</c> or as <c>SPIFFE_ENDPOINT_SOCKET</c>), files or code, that origin is used and this agent is not started.
    /// </remarks>
    public static IHostApplicationBuilder AddSpiffeDevAgent(this IHostApplicationBuilder builder, Action<DevAgentOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!builder.Environment.IsDevelopment())
        {
            throw new InvalidOperationException(
                $"The SPIFFE development agent runs in the Development environment only, and this is '{builder.Environment.EnvironmentName}': its authority is " +
                "in memory, and it does not attest workloads. Call AddSpiffeDevAgent inside 'if (builder.Environment.IsDevelopment())', and use a SPIRE agent elsewhere.");
        }

        if (builder.Services.Any(static d => d.ServiceType == typeof(DevAgentService)))
            throw new InvalidOperationException("AddSpiffeDevAgent has already been called; add all workloads in one call.");

        var options = new DevAgentOptions();
        configure?.Invoke(options);
        if (options.Workloads.Count == 0) AddApplication(options, builder.Environment.ApplicationName);

        // Set before the agent starts, because options are validated earlier.
        options.Directory ??= SocketFolder.FreshPath();
        var address = DevAgent.ToAddress(new SocketFolder(options).PathOf(options.Workloads.Keys.First()));

        builder.Services.AddSingleton(services =>
        {
            if (options.LoggerFactory is NullLoggerFactory) options.LoggerFactory = services.GetRequiredService<ILoggerFactory>();
            return new DevAgentService(options, address, services);
        });
        builder.Services.AddSingleton(static services => services.GetRequiredService<DevAgentService>().Agent);
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(static services => services.GetRequiredService<DevAgentService>()));
        builder.Services.AddOptions<SpiffeOptions>().PostConfigure<IServiceProvider>((spiffe, services) =>
        {
            if (DevAgentService.FindOtherOrigin(spiffe, services.GetService<IConfiguration>()) is null) spiffe.EndpointSocket = address;
        });
        return builder;
    }

    private static void AddApplication(DevAgentOptions options, string applicationName)
    {
        var name = NotInAName().Replace(applicationName, "-").Trim('-', '.');
        options.AddWorkload(name.Length == 0 ? "app" : name, name.Length == 0 ? "/app" : $"/{name}");
    }

    [GeneratedRegex("[^A-Za-z0-9._-]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotInAName();
}
