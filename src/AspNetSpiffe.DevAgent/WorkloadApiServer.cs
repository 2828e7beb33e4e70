using System.Net.Sockets;
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
    private readonly ILogger _logger;

    public WorkloadApiServer(IEnumerable<DevWorkload> workloads, WorkloadApiEndpoints endpoints, ILogger logger)
    {
        (_endpoints, _logger) = (endpoints, logger);

        var options = new KestrelServerOptions { AddServerHeader = false };

        // A client that stands in a debugger is no attack.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
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

    private static void Serve(ListenOptions listen, DevWorkload workload)
    {
        listen.Protocols = HttpProtocols.Http2;

        // The socket is the workload's proof of who it is.
        listen.Use(next => connection =>
        {
            connection.Features.Set(workload);
            return next(connection);
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
            response.End(GrpcStatusCode.Ok);
        }
        catch (GrpcStatusException refused)
        {
            Log.Refused(_logger, context.Request.Path, workload.Name, refused.Code, refused.Message);
            response.End(refused.Code, refused.Message);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // A caller that has gone away reads no status.
            if (!context.RequestAborted.IsCancellationRequested) response.End(GrpcStatusCode.Unavailable, "the development agent is stopping");
        }
        catch (ObjectDisposedException) when (_stopping.IsCancellationRequested)
        {
            response.End(GrpcStatusCode.Unavailable, "the development agent is stopping");
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            Log.Failed(_logger, context.Request.Path, workload.Name, failure);
            response.End(GrpcStatusCode.Internal, "the development agent failed; its log says why");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Debug, "Call {Path} of workload '{Workload}' refused: {Status}: {Reason}.", EventName = "CallRefused")]
        public static partial void Refused(ILogger logger, PathString path, string workload, GrpcStatusCode status, string reason);

        [LoggerMessage(21, LogLevel.Error, "Call {Path} of workload '{Workload}' failed.", EventName = "CallFailed")]
        public static partial void Failed(ILogger logger, PathString path, string workload, Exception failure);
    }
}
