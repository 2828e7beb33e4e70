using System.Collections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>LogIdentity(): the caller's SPIFFE ID on every log line of a request.</summary>
internal sealed class CallerLogScope(RequestDelegate next)
{
    public const string Key = "SpiffeId";

    private static readonly object Probe = new();

    // What every logger answers that has no provider with scopes.
    private static readonly IDisposable? NoScope = CreateNoScope();

    private ILogger? _logger;

    public Task InvokeAsync(HttpContext context)
    {
        _logger ??= context.RequestServices.GetRequiredService<ILogger<CallerLogScope>>();
        return context.GetSpiffeId() is { } caller && UsesScopes(_logger) ? InvokeInScopeAsync(_logger, context, caller) : next(context);
    }

    // In an async method, so that the scope ends with it and is not seen by whoever called.
    private async Task InvokeInScopeAsync(ILogger logger, HttpContext context, SpiffeId caller)
    {
        using (logger.BeginScope(new Scope(caller))) await next(context);
    }

    // An async method for each request would allocate for nobody.
    private static bool UsesScopes(ILogger logger)
    {
        using var scope = logger.BeginScope(Probe);
        return scope is not null && !ReferenceEquals(scope, NoScope);
    }

    private static IDisposable? CreateNoScope()
    {
        using var loggers = new LoggerFactory();
        return loggers.CreateLogger(nameof(CallerLogScope)).BeginScope(Probe);
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
