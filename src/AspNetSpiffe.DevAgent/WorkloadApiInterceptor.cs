using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Rejects calls without the security header, and logs failed calls.</summary>
internal sealed partial class WorkloadApiInterceptor(ILogger logger) : Interceptor
{
    private const string SecurityHeader = "workload.spiffe.io";

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        CallAsync(context, () => continuation(request, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        CallAsync(context, async () =>
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
            return true;
        });

    private async Task<T> CallAsync<T>(ServerCallContext context, Func<Task<T>> call)
    {
        var workload = context.GetHttpContext().Features.GetRequiredFeature<DevWorkload>();
        try
        {
            ThrowIfForged(context);
            return await call().ConfigureAwait(false);
        }
        catch (RpcException refused)
        {
            Log.Refused(logger, context.Method, workload.Name, refused.StatusCode, refused.Status.Detail);
            throw;
        }
        catch (Exception failure) when (!context.CancellationToken.IsCancellationRequested)
        {
            Log.Failed(logger, context.Method, workload.Name, failure);
            throw new RpcException(new(StatusCode.Internal, "internal error of the development agent; see its log"));
        }
    }

    // Workload Endpoint §3: exactly once, and exactly this value, against forged requests of a browser or proxy.
    private static void ThrowIfForged(ServerCallContext context)
    {
        var header = context.GetHttpContext().Request.Headers[SecurityHeader];
        if (header is not ["true"])
            throw new RpcException(new(StatusCode.InvalidArgument, $"security header missing from request: send '{SecurityHeader}: true' exactly once"));
    }

    /// <seealso cref="DevAgent.LogCategory"/>
    private static partial class Log
    {
        /// <summary>A call of the Workload API was rejected: the security header is missing, the workload has no such identity, or the request is malformed.</summary>
        /// <remarks>The message has the reason. Without the header, the caller is not a SPIFFE client; without an identity, call <c>Register</c>.</remarks>
        [LoggerMessage(20, LogLevel.Debug, "Call {Path} of workload '{Workload}' rejected: {Status}: {Reason}.", EventName = "CallRefused")]
        public static partial void Refused(ILogger logger, string path, string workload, StatusCode status, string reason);

        /// <summary>A call failed in the agent, which returned <c>Internal</c>.</summary>
        /// <remarks>A defect of the agent: report it, with the exception.</remarks>
        [LoggerMessage(21, LogLevel.Error, "Call {Path} of workload '{Workload}' failed.", EventName = "CallFailed")]
        public static partial void Failed(ILogger logger, string path, string workload, Exception failure);
    }
}
