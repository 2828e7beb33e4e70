using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Stands before an endpoint or the rest of the pipeline and lets those pass whom a rule means. Passing allocates nothing.</summary>
internal sealed partial class PeerGuard(Func<SpiffeId, bool> rule, RequestDelegate next)
{
    private TimeProvider? _time;

    public Task InvokeAsync(HttpContext context)
    {
        // From the first request, because not every endpoint has the application's services while it is built.
        _time ??= context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System;

        if (CurrentPeer.Find(context, _time) is not { } peer)
        {
            TellNobodyVerified(context);
            return Refusal.Unauthenticated.WriteAsync(context);
        }

        if (rule(peer.Id)) return next(context);

        TellNotAllowed(context, peer.Id);
        return Refusal.PermissionDenied.WriteAsync(context);
    }

    // A log provider that throws changes no verdict.
    private static void TellNobodyVerified(HttpContext context) => NotificationQueue.Guard(() => Log.NobodyVerified(FindLogger(context), context.Request.Path), static _ => { });

    private static void TellNotAllowed(HttpContext context, SpiffeId caller) =>
        NotificationQueue.Guard(() => Log.CallerNotAllowed(FindLogger(context), caller, context.Request.Path), static _ => { });

    private static ILogger<PeerGuard> FindLogger(HttpContext context) => context.RequestServices.GetRequiredService<ILogger<PeerGuard>>();

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "Refused a request for {Path}: nobody is verified on its connection, or the caller's SVID has expired.", EventName = "NobodyVerified")]
        public static partial void NobodyVerified(ILogger logger, string path);

        [LoggerMessage(2, LogLevel.Debug, "Refused a request for {Path}: {SpiffeId} is not one of those who may call it.", EventName = "CallerNotAllowed")]
        public static partial void CallerNotAllowed(ILogger logger, SpiffeId spiffeId, string path);
    }
}
