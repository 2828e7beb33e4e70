using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>A gRPC server on one Unix socket per workload.</summary>
/// <remarks>A separate web application in the process: it reads no settings, logs agent events only, and does not handle Ctrl+C.</remarks>
internal sealed partial class WorkloadApiServer : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    private WorkloadApiServer(DevAgentState state, DevAgentOptions options, ILogger logger)
    {
        (_time, _logger) = (options.TimeProvider, logger);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            LimitAsGrpcGoDoes(kestrel);
            foreach (var workload in state.Workloads) kestrel.ListenUnixSocket(workload.SocketPath, listen => Serve(listen, workload));
        });
        builder.WebHost.UseSockets(static sockets => sockets.CreateBoundListenSocket = static endPoint => SocketFolder.Bind((UnixDomainSocketEndPoint)endPoint));
        builder.Services.AddSingleton<IHostLifetime, OwnerLifetime>().Configure<HostOptions>(static host => host.ShutdownTimeout = StopTimeout);
        builder.Services.AddSingleton(state).AddSingleton(options.TimeProvider).AddSingleton(logger);
        builder.Services.AddSingleton<WorkloadApiService>().AddSingleton<HealthService>();
        builder.Services.AddGrpc().AddServiceOptions<WorkloadApiService>(static service => service.Interceptors.Add<WorkloadApiInterceptor>());
        options.ConfigureServices?.Invoke(builder.Services);

        _app = builder.Build();
        _app.MapGrpcService<WorkloadApiService>();
        _app.MapGrpcService<HealthService>();
        options.ConfigureEndpoints?.Invoke(_app);
    }

    // A WebApplicationFactory replaces the server of any host that is built while it starts, identified by the execution context: so this host is built without that context.
    public static Task<WorkloadApiServer> CreateAsync(DevAgentState state, DevAgentOptions options, ILogger logger)
    {
        using (ExecutionContext.SuppressFlow()) return Task.Run(() => new WorkloadApiServer(state, options, logger));
    }

    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    public Task StopAsync() => _app.StopAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // The defaults of grpc-go's servers. Its ping policy is in PingPolicy; its message size limit equals that of Grpc.AspNetCore.
    private static void LimitAsGrpcGoDoes(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // A client that is stopped in a debugger is not an attack.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;

        // With an infinite timeout Kestrel's sum overflows, and the timeout fires after a second.
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        kestrel.Limits.Http2.MaxStreamsPerConnection = int.MaxValue;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 65_535;
        kestrel.Limits.Http2.InitialStreamWindowSize = 65_535;
    }

    private void Serve(ListenOptions listen, DevWorkload workload)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => async connection =>
        {
            // The socket identifies the workload.
            connection.Features.Set(workload);

            var pings = new PingPolicy(_time);
            connection.Transport = new PingPolicyTransport(connection.Transport, pings);
            await next(connection).ConfigureAwait(false);
            if (pings.IsBroken) Log.TooManyPings(_logger, workload.Name);
        });
    }

    /// <summary>Starts and ends with the agent, not with the process.</summary>
    private sealed class OwnerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <seealso cref="DevAgent.LogCategory"/>
    private static partial class Log
    {
        /// <summary>A client sent HTTP/2 pings more often than SPIRE permits, and its connection was closed, as in production.</summary>
        /// <remarks>Set the HTTP/2 keep-alive interval of that client to five minutes or longer.</remarks>
        [LoggerMessage(22, LogLevel.Warning, "A client of workload '{Workload}' sends HTTP/2 pings more often than SPIRE and other agents based on grpc-go permit by default (once in five minutes during a call): " +
            "its connection was closed with ENHANCE_YOUR_CALM (too_many_pings). Increase its HTTP/2 keep-alive interval.", EventName = "TooManyPings")]
        public static partial void TooManyPings(ILogger logger, string workload);
    }
}
