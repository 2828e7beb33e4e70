using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>The middleware of LogIdentity(): the caller's SPIFFE ID on every log entry of a request.</summary>
internal sealed partial class CallerLogScope(RequestDelegate next)
{
    public const string Key = "SpiffeId";

    private static readonly object Probe = new();

    // The scope that loggers return if no provider supports scopes.
    private static readonly IDisposable? NoScope = CreateNoScope();

    private ILogger? _logger;
    private int _failed;

    public Task InvokeAsync(HttpContext context)
    {
        _logger ??= context.RequestServices.GetRequiredService<ILogger<CallerLogScope>>();
        return context.GetSpiffeId() is { } caller && UsesScopes(_logger) ? InvokeInScopeAsync(_logger, context, caller) : next(context);
    }

    // In an async method, so that the scope ends with it and does not flow to the caller.
    private async Task InvokeInScopeAsync(ILogger logger, HttpContext context, SpiffeId caller)
    {
        var scope = Begin(logger, new Scope(caller));
        try
        {
            await next(context);
        }
        finally
        {
            End(logger, scope);
        }
    }

    // Avoids the allocation of an async method per request if scopes are not used.
    private bool UsesScopes(ILogger logger)
    {
        var scope = Begin(logger, Probe);
        End(logger, scope);
        return scope is not null && !ReferenceEquals(scope, NoScope);
    }

    // An exception of a log provider must not fail the request.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A failing log provider must not fail the request; the exception is logged.")]
    private IDisposable? Begin(ILogger logger, object state)
    {
        try
        {
            return logger.BeginScope(state);
        }
        catch (Exception e)
        {
            Failed(logger, e);
            return null;
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A failing log provider must not fail the request; the exception is logged.")]
    private void End(ILogger logger, IDisposable? scope)
    {
        try
        {
            scope?.Dispose();
        }
        catch (Exception e)
        {
            Failed(logger, e);
        }
    }

    private void Failed(ILogger logger, Exception problem)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0) NotificationQueue.Guard(() => Log.ScopeFailed(logger, problem), static _ => { });
    }

    private static IDisposable? CreateNoScope()
    {
        using var loggers = new LoggerFactory();
        return loggers.CreateLogger(nameof(CallerLogScope)).BeginScope(Probe);
    }

    /// <seealso cref="CallerLogScope"/>
    private static partial class Log
    {
        /// <summary>A log provider threw an exception when <c>LogIdentity()</c> passed it the ID of the caller. Requests are served; their log entries may lack the ID. Logged once.</summary>
        /// <remarks>The exception names the provider: correct or replace it.</remarks>
        // No check of IsEnabled: it calls all providers, and one that throws there would keep the event from the others.
        [LoggerMessage(
            1, LogLevel.Error, "A log provider failed to add the caller's SPIFFE ID to the log scope; requests are processed without it. Logged once.", EventName = "LogScopeFailed", SkipEnabledCheck = true)]
        public static partial void ScopeFailed(ILogger logger, Exception exception);
    }

    private sealed class Scope(SpiffeId id) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public int Count => 1;

        public KeyValuePair<string, object?> this[int index] =>
            index == 0 ? new(Key, id.ToString()) : throw new ArgumentOutOfRangeException(nameof(index), index, "The scope has one value.");

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => $"{Key}:{id}";
    }
}
