using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Runs an agent for the lifetime of the host: from before every other service starts until the last one has stopped. It does not run if the application sets another origin of its identity.</summary>
internal sealed partial class DevAgentService(DevAgentOptions options, string address, IServiceProvider services) : IHostedLifecycleService, IAsyncDisposable
{
    private DevAgent? _agent;
    private string? _otherOrigin;

    public DevAgent Agent => _agent ?? throw new InvalidOperationException(_otherOrigin is null
        ? "The development agent has not been started. It starts with the host, before every other service: access it after 'StartAsync'."
        : $"The development agent was not started, because {_otherOrigin}.");

    /// <summary>Returns the setting that names another origin of the identity; null if there is none.</summary>
    public static string? FindOtherOrigin(SpiffeOptions spiffe, IConfiguration? configuration)
    {
        if (spiffe.EndpointSocket is { } socket) return $"the setting 'Spiffe:EndpointSocket' is '{socket}'";
        if (configuration?["Spiffe:EndpointSocket"] is { Length: > 0 } configured) return $"the setting 'Spiffe:EndpointSocket' is '{configured}'";
        if (spiffe.Provider is not null) return "code provides the identity ('SpiffeOptions.Provider')";
        if (spiffe.Files is not { Layout: SpiffeFileLayout.None, Certificate: null, BundleMap: null } || configuration?.GetSection("Spiffe:Files").GetChildren().Any() is true)
            return "the settings 'Spiffe:Files' are used";
        return Environment.GetEnvironmentVariable(WorkloadApiAddress.EnvironmentVariable) is { Length: > 0 } variable
            ? $"the environment variable {WorkloadApiAddress.EnvironmentVariable} is '{variable}'"
            : null;
    }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var logger = services.GetService<ILoggerFactory>()?.CreateLogger(DevAgent.LogCategory) ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        var spiffe = services.GetRequiredService<IOptions<SpiffeOptions>>().Value;
        if (spiffe.EndpointSocket != address)
        {
            _otherOrigin = FindOtherOrigin(spiffe, services.GetService<IConfiguration>());
            Log.NotStarted(logger, _otherOrigin);
            return;
        }

        _agent = await DevAgent.StartAsync(options, cancellationToken).ConfigureAwait(false);
        Log.Started(logger, options.TrustDomain, string.Join("; ", options.Workloads.Select(w => $"{string.Join(", ", w.Value.Select(i => options.TrustDomain.Id.WithPath(i.Path)))} at {_agent.AddressOf(w.Key)}")));
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => _agent?.StopAsync() ?? Task.CompletedTask;

    // A host whose start fails does not stop its services; it only disposes them.
    public ValueTask DisposeAsync() => _agent?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <seealso cref="DevAgent.LogCategory"/>
    private static partial class Log
    {
        /// <summary>The application runs a development agent, which does not attest workloads: any process that can open a socket gets its identity.</summary>
        /// <remarks>In development, nothing. In production, set the address of the real agent in <c>Spiffe:EndpointSocket</c>, or remove <c>AddSpiffeDevAgent()</c>.</remarks>
        [LoggerMessage(30, LogLevel.Warning, "This application runs a SPIFFE development agent for {TrustDomain}. It is not for production: its authority is in memory, and any process that can open a socket gets its identity. {Workloads}.", EventName = "DevAgentStarted")]
        public static partial void Started(ILogger logger, TrustDomain trustDomain, string workloads);

        /// <summary>The application calls <c>AddSpiffeDevAgent()</c>, but a setting, the environment or code sets another origin of the identity, which takes precedence.</summary>
        /// <remarks>Nothing, if that origin is intended. Otherwise remove the setting that the message names.</remarks>
        [LoggerMessage(31, LogLevel.Information, "The SPIFFE development agent of AddSpiffeDevAgent is not started: {Reason}, and an explicit setting takes precedence.", EventName = "DevAgentNotStarted")]
        public static partial void NotStarted(ILogger logger, string? reason);
    }
}
