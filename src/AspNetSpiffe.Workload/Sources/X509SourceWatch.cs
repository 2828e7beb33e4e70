using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps a source current: watches the Workload API, publishes what is good, and tries again when the stream ends.</summary>
internal sealed partial class X509SourceWatch(X509Source source, Withdrawal withdrawal, SvidChoice choice, ILogger logger)
{
    private readonly RetryDelay _delay = new(Random.Shared);
    private volatile string? _lastProblem;

    /// <summary>Gets what went wrong last and what to do about it, in words for an operator.</summary>
    public string? LastProblem => _lastProblem;

    public async Task RunAsync(CancellationToken stopping)
    {
        // The caller starts its host; it must not wait for our first connection attempt.
        await Task.Yield();
        if (!source.Address.IsLocal) Log.NotLocal(logger, source.Address);
        try
        {
            using var client = new WorkloadApiClient(source.Address, source.Time);
            while (await WatchOnceAsync(client, stopping).ConfigureAwait(false))
                await Task.Delay(_delay.Next(), source.Time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The source is disposed.
        }
    }

    /// <summary>Watches one stream to its end.</summary>
    /// <returns>Whether to try again.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "What went wrong is logged, and the watch goes on.")]
    private async Task<bool> WatchOnceAsync(WorkloadApiClient client, CancellationToken stopping)
    {
        try
        {
            await foreach (var update in client.WatchX509UpdatesAsync(stopping).ConfigureAwait(false))
            {
                Take(update);
            }

            Tell("The Workload API ended the stream.");
            return true;
        }
        catch (WorkloadApiException e)
        {
            Tell(e.Problem);
            if (e.StatusCode == GrpcStatusCode.PermissionDenied) withdrawal.Begin();
            if (e.IsTransient) return true;

            Log.GivenUp(logger, source.Address, e.Problem);
            source.GiveUp(e);
            return false;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Nobody awaits the watch before its end: if it died here, the SVID would expire without a word.
            _lastProblem = $"The watch failed: {e.Message}";
            Log.WatchFailed(logger, e);
            return true;
        }
    }

    private void Take(X509Update update)
    {
        foreach (var remark in update.Remarks) Log.Remark(logger, remark);

        if (update.Context is not { } context) Refuse(update.Problem!.Message);
        else if (choice.Choose(context.Svids) is { } svid) Publish(context.WithDefault(svid));
        else Miss(context);
    }

    private void Miss(X509Context context)
    {
        withdrawal.Begin();
        Refuse($"None of its SVIDs is the one that was asked for ({choice}); it has {string.Join(", ", context.Svids.Select(s => $"'{s.Id}' with hint '{s.Hint}'"))}.");
    }

    private void Publish(X509Context next)
    {
        withdrawal.Cancel();

        // A stream of refused messages is a failure too, and waits longer and longer.
        _delay.Reset();
        _lastProblem = null;
        if (source.Current is { } current && current.SameContentAs(next)) return;

        source.Publish(next);
        Log.SvidRenewed(logger, next.DefaultSvid.Id, next.DefaultSvid.NotAfter, next.Bundles.Count);
    }

    private void Refuse(string problem)
    {
        _lastProblem = $"Its last message was refused: {problem}";
        source.Metrics.UpdateRefused();
        Log.UpdateRefused(logger, problem, source.Current is null ? "there is none yet" : "the last good one stays");
    }

    // An agent that stays away is one event, not one for each attempt.
    private void Tell(string problem)
    {
        if (_lastProblem == problem) return;
        _lastProblem = problem;
        Log.AgentUnavailable(logger, source.Address, problem);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "No stream from the SPIFFE Workload API at {Endpoint}; trying again. {Problem}", EventName = "AgentUnavailable")]
        public static partial void AgentUnavailable(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(2, LogLevel.Information, "Identity {SpiffeId}, valid until {NotAfter:u}, with the bundles of {TrustDomains} trust domains.", EventName = "SvidRenewed")]
        public static partial void SvidRenewed(ILogger logger, SpiffeId spiffeId, DateTimeOffset notAfter, int trustDomains);

        [LoggerMessage(3, LogLevel.Error, "Refused an update from the SPIFFE Workload API. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        public static partial void UpdateRefused(ILogger logger, string problem, string state);

        [LoggerMessage(4, LogLevel.Warning, "In an update from the SPIFFE Workload API: {Remark}", EventName = "UpdateRemark")]
        public static partial void Remark(ILogger logger, string remark);

        [LoggerMessage(5, LogLevel.Error, "The SPIFFE Workload API at {Endpoint} gave an answer that no retry can change; the watch has ended. {Problem}", EventName = "WatchGivenUp")]
        public static partial void GivenUp(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: private keys cross the network in the clear, and the agent cannot know who we are. Use a Unix socket.", EventName = "AgentNotLocal")]
        public static partial void NotLocal(ILogger logger, WorkloadApiAddress endpoint);

        [LoggerMessage(7, LogLevel.Error, "The watch of the SPIFFE Workload API failed; trying again.", EventName = "WatchFailed")]
        public static partial void WatchFailed(ILogger logger, Exception exception);
    }
}
