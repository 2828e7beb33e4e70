using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Kestrel on one Unix socket per workload.</summary>
/// <remarks>The bare server, without a host around it: it reads no settings, prints nothing and knows nothing of Ctrl+C.</remarks>
internal sealed partial class WorkloadApiServer : IHttpApplication<HttpContext>, IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly WorkloadApiEndpoints _endpoints;
    private readonly KestrelServer _kestrel;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public WorkloadApiServer(IEnumerable<DevWorkload> workloads, WorkloadApiEndpoints endpoints, TimeProvider time, ILogger logger)
    {
        (_endpoints, _time, _logger) = (endpoints, time, logger);

        var options = new KestrelServerOptions { AddServerHeader = false };

        // A client that stands in a debugger is no attack.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        LimitAsGrpcGoDoes(options.Limits);
        foreach (var workload in workloads)
            options.ListenUnixSocket(workload.SocketPath, listen => Serve(listen, workload));

        var sockets = new SocketTransportOptions { CreateBoundListenSocket = static endPoint => SocketFolder.Bind((UnixDomainSocketEndPoint)endPoint) };
        _kestrel = new(Options.Create(options), new SocketTransportFactory(Options.Create(sockets), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }

    public Task StartAsync(CancellationToken cancellationToken) => _kestrel.StartAsync(this, cancellationToken);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        using var patience = new CancellationTokenSource(StopTimeout);
        await _kestrel.StopAsync(patience.Token).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _kestrel.Dispose();
        _stopping.Dispose();
    }

    HttpContext IHttpApplication<HttpContext>.CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    void IHttpApplication<HttpContext>.DisposeContext(HttpContext context, Exception? exception)
    {
    }

    async Task IHttpApplication<HttpContext>.ProcessRequestAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        if (context.Request.ContentType?.StartsWith(GrpcResponse.ContentType, StringComparison.OrdinalIgnoreCase) != true)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        await AnswerAsync(context).ConfigureAwait(false);
    }

    // The defaults of grpc-go's servers; its limit of a message is in GrpcRequest, its ping policy in PingPolicy.
    private static void LimitAsGrpcGoDoes(KestrelServerLimits limits)
    {
        // Kestrel takes an infinite one for over at the next second: its sum overflows.
        limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        limits.Http2.MaxStreamsPerConnection = int.MaxValue;
        limits.Http2.InitialConnectionWindowSize = 65_535;
        limits.Http2.InitialStreamWindowSize = 65_535;
    }

    private void Serve(ListenOptions listen, DevWorkload workload)
    {
        listen.Protocols = HttpProtocols.Http2;
        listen.Use(next => async connection =>
        {
            // The socket is the workload's proof of who it is.
            connection.Features.Set(workload);

            var pings = new PingPolicy(_time);
            connection.Transport = new PingPolicyTransport(connection.Transport, pings);
            await next(connection).ConfigureAwait(false);
            if (pings.IsBroken) Log.TooManyPings(_logger, workload.Name);
        });
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var workload = context.Features.GetRequiredFeature<DevWorkload>();
        var response = new GrpcResponse(context.Response);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            await _endpoints.InvokeAsync(workload, context.Request, response, ending.Token).ConfigureAwait(false);
            response.End(StatusCode.OK);
        }
        catch (GrpcStatusException refused)
        {
            Log.Refused(_logger, context.Request.Path, workload.Name, refused.Code, refused.Message);
            response.End(refused.Code, refused.Message);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // A caller that has gone away reads no status.
            if (!context.RequestAborted.IsCancellationRequested) response.End(StatusCode.Unavailable, "the development agent is stopping");
        }
        catch (ObjectDisposedException) when (_stopping.IsCancellationRequested)
        {
            response.End(StatusCode.Unavailable, "the development agent is stopping");
        }
        catch (IOException gone) when (gone is ConnectionResetException || gone.InnerException is ConnectionAbortedException)
        {
            // The caller's connection broke, which its request may say before RequestAborted does.
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(_logger, context.Request.Path, workload.Name, failure);
            response.End(StatusCode.Internal, "the development agent failed; its log says why");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Debug, "Call {Path} of workload '{Workload}' refused: {Status}: {Reason}.", EventName = "CallRefused")]
        public static partial void Refused(ILogger logger, PathString path, string workload, StatusCode status, string reason);

        [LoggerMessage(21, LogLevel.Error, "Call {Path} of workload '{Workload}' failed.", EventName = "CallFailed")]
        public static partial void Failed(ILogger logger, PathString path, string workload, Exception failure);

        [LoggerMessage(22, LogLevel.Warning, "A client of workload '{Workload}' pings more often than SPIRE and other agents on grpc-go permit by default, once in five minutes during a call: " +
            "its connection was ended with ENHANCE_YOUR_CALM (too_many_pings). Let its HTTP/2 keep-alive wait longer.", EventName = "TooManyPings")]
        public static partial void TooManyPings(ILogger logger, string workload);
    }
}
