using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps one source current: takes its SVID out of what the shared stream tells, publishes it, or has it withdrawn.</summary>
internal sealed partial class X509SourceWatch(X509Source source, Withdrawal withdrawal, SvidChoice choice, AgentEndpoint endpoint, ILogger logger)
{
    private volatile X509StreamReader? _reader;
    private volatile string? _missing;
    private X509Context? _taken;
    private int? _refusals;

    /// <summary>Gets what went wrong last and what to do about it, in words for an operator.</summary>
    public string? LastProblem => _reader?.Latest.Problem ?? _missing;

    public async Task RunAsync(CancellationToken stopping)
    {
        var reader = _reader = X509Streams.Join(endpoint, logger);
        try
        {
            // The caller starts its host; nobody's subscribers run on its thread.
            await Task.Yield();
            await foreach (var state in reader.ReadAllAsync(stopping).ConfigureAwait(false)) Take(state);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The source is disposed.
        }
        finally
        {
            withdrawal.Cancel();
            await reader.DisposeAsync().ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "What went wrong is logged, and the watch goes on.")]
    private void Take(AgentState<X509Context> state)
    {
        try
        {
            CountRefusals(state.Refusals);
            if (state.End is { } end) source.GiveUp(end);
            if (state.IsDenied) Deny();
            else if (state.Value is { } context && context != _taken) Take(context);
        }
        catch (Exception e)
        {
            // Nobody awaits the watch before its end: if it died here, the SVID would expire without a word.
            Log.UpdateFailed(new UnfailingLogger(logger), e);
        }
    }

    // Those before our time were not ours.
    private void CountRefusals(int total)
    {
        for (var counted = _refusals ?? total; counted < total; counted++) source.Metrics.UpdateRefused();
        _refusals = total;
    }

    private void Deny()
    {
        _taken = null;
        withdrawal.Begin();
    }

    private void Take(X509Context context)
    {
        _taken = context;
        if (choice.Choose(context.Svids) is not { } svid) Miss(context);
        else if (source.Current is null && svid.NotAfter <= source.Time.GetUtcNow()) _missing = $"Its last SVID expired at {svid.NotAfter:u}.";
        else Publish(context.WithDefault(svid));
    }

    private void Miss(X509Context context)
    {
        var problem = $"None of its SVIDs is the one that was asked for ({choice}); it has {string.Join(", ", context.Svids.Select(s => $"'{s.Id}' with hint '{s.Hint}'"))}.";
        var isNews = _missing != problem;
        _missing = problem;
        withdrawal.Begin();
        source.Metrics.UpdateRefused();
        if (isNews) Log.SvidMissing(logger, problem, source.Current is null ? "there is none yet" : "the last good one stays");
    }

    private void Publish(X509Context next)
    {
        withdrawal.Cancel();
        _missing = null;
        if (source.Current is { } current && current.SameContentAs(next)) return;

        source.Publish(next);
        Log.SvidRenewed(logger, next.DefaultSvid.Id, next.DefaultSvid.NotAfter, next.Bundles.Count);
    }

    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Information, "Identity {SpiffeId}, valid until {NotAfter:u}, with the bundles of {TrustDomains} trust domains.", EventName = "SvidRenewed")]
        public static partial void SvidRenewed(ILogger logger, SpiffeId spiffeId, DateTimeOffset notAfter, int trustDomains);

        [LoggerMessage(3, LogLevel.Error, "Refused an update from the SPIFFE Workload API. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        public static partial void SvidMissing(ILogger logger, string problem, string state);

        [LoggerMessage(8, LogLevel.Error, "An update from the SPIFFE Workload API could not be taken over.", EventName = "UpdateFailed")]
        public static partial void UpdateFailed(ILogger logger, Exception exception);
    }
}
