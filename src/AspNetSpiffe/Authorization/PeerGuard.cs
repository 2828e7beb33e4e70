using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspNetSpiffe;

/// <summary>Stands before an endpoint or the rest of the pipeline and lets those pass whom a rule means. Passing allocates nothing.</summary>
internal sealed partial class PeerGuard
{
    private readonly Func<SpiffeId, bool> _rule;
    private readonly RequestDelegate _next;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // The services of the application: those of a request cost a scope.
    public PeerGuard(Func<SpiffeId, bool> rule, RequestDelegate next, IServiceProvider services)
    {
        _rule = rule;
        _next = next;
        _time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        _logger = services.GetService<ILogger<PeerGuard>>() ?? NullLogger<PeerGuard>.Instance;
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (CurrentPeer.Find(context, _time) is not { } peer)
        {
            Log.NobodyVerified(_logger, context.Request.Path);
            return Refusal.Unauthenticated.WriteAsync(context);
        }

        if (_rule(peer.Id)) return _next(context);

        Log.CallerNotAllowed(_logger, peer.Id, context.Request.Path);
        return Refusal.PermissionDenied.WriteAsync(context);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Refused a request for {Path}: nobody is verified on its connection, or the caller's SVID has expired.", EventName = "NobodyVerified")]
        public static partial void NobodyVerified(ILogger logger, string path);

        [LoggerMessage(2, LogLevel.Debug, "Refused a request for {Path}: {SpiffeId} is not one of those who may call it.", EventName = "CallerNotAllowed")]
        public static partial void CallerNotAllowed(ILogger logger, SpiffeId spiffeId, string path);
    }
}
