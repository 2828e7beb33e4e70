using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps one source's JWT bundles current: connects, takes over each good message, and tries again when the stream ends.</summary>
internal sealed partial class JwtBundleWatch(JwtBundleSource source, X509StreamKey key, ILogger logger)
{
    private readonly RetryDelay _delay = new(key.Retry, Random.Shared);
    private readonly ToldCauses _told = new(key.Time);
    private IReadOnlyList<string> _remarks = [];
    private string? _refused;
    private volatile string? _problem;

    /// <summary>Gets what went wrong last and what to do about it, in words for an operator; <see langword="null"/> after a good message.</summary>
    public string? LastProblem => _problem;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var client = new WorkloadApiClient(key.Address, key.Time, key.KeepAlive, key.Limits);
            if (!key.Address.IsLocal) Tell(() => Log.NotLocal(logger, key.Address));
            while (await WatchOnceAsync(client, stopping).ConfigureAwait(false))
                await Task.Delay(_delay.Next(), key.Time, stopping).ConfigureAwait(false);
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
            return End(await ReadAsync(client, stopping).ConfigureAwait(false));
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // Nobody awaits the watch before its end: if it died here, the bundles would grow old without a word.
            _problem = $"The watch failed: {e.Message}";
            if (_told.IsNews(e.GetType().Name)) Tell(() => Log.WatchFailed(logger, e));
            return true;
        }
    }

    private async Task<WorkloadApiException?> ReadAsync(WorkloadApiClient client, CancellationToken stopping)
    {
        try
        {
            await foreach (var update in client.WatchJwtUpdatesAsync(stopping).ConfigureAwait(false)) Take(update);
            return null;
        }
        catch (WorkloadApiException e)
        {
            return e;
        }
    }

    private void Take(JwtUpdate update)
    {
        var (before, remarks) = (_remarks, update.Remarks);
        _remarks = remarks;
        foreach (var remark in remarks.Except(before)) Tell(() => Log.Remark(logger, remark));

        if (update.Bundles is { } bundles) Accept(bundles);
        else Refuse(update.Problem!.Message);
    }

    private void Accept(JwtBundleSet bundles)
    {
        // A stream of refused messages is a failure too, and waits longer and longer.
        _delay.Reset();
        _told.MarkGood();
        (_refused, _problem) = (null, null);
        if (source.Current is { } current && current.SameContentAs(bundles)) return;

        source.Publish(bundles);
        Tell(() => Log.Renewed(logger, bundles.Count, bundles.Sum(bundle => bundle.Authorities.Length)));
    }

    private void Refuse(string problem)
    {
        _problem = $"Its last message was refused: {problem}";
        if (_refused == problem) return;
        _refused = problem;
        Tell(() => Log.UpdateRefused(logger, problem, source.Current is null ? "there are none yet" : "the last good ones stay"));
    }

    private bool End(WorkloadApiException? failure)
    {
        var problem = _problem = failure?.Problem ?? "The Workload API ended the stream.";
        if (_told.IsNews($"{failure?.Failure} {failure?.StatusCode}")) Tell(() => Log.AgentUnavailable(logger, key.Address, problem));
        if (failure is not { IsTransient: false }) return true;

        Tell(() => Log.GivenUp(logger, key.Address, problem));
        source.GiveUp(failure);
        return false;
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "A log that fails has nowhere to tell it, and must not stop the watch.")]
    private static void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception)
        {
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "No stream of JWT bundles from the SPIFFE Workload API at {Endpoint}; trying again. {Problem}", EventName = "AgentUnavailable")]
        public static partial void AgentUnavailable(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(2, LogLevel.Information, "The JWT bundles of {TrustDomains} trust domains, with {Keys} keys.", EventName = "JwtBundlesRenewed")]
        public static partial void Renewed(ILogger logger, int trustDomains, int keys);

        [LoggerMessage(3, LogLevel.Error, "Refused an update of JWT bundles from the SPIFFE Workload API. {Problem} Bundles: {State}.", EventName = "UpdateRefused")]
        public static partial void UpdateRefused(ILogger logger, string problem, string state);

        [LoggerMessage(4, LogLevel.Warning, "In an update of JWT bundles from the SPIFFE Workload API: {Remark}", EventName = "UpdateRemark")]
        public static partial void Remark(ILogger logger, string remark);

        [LoggerMessage(5, LogLevel.Error, "The SPIFFE Workload API at {Endpoint} gave an answer that no retry can change; the watch of JWT bundles has ended. {Problem}", EventName = "WatchGivenUp")]
        public static partial void GivenUp(ILogger logger, WorkloadApiAddress endpoint, string problem);

        [LoggerMessage(6, LogLevel.Warning, "The SPIFFE Workload API at {Endpoint} is not on this host: whoever can change what it sends over the network can make any token good. Use a Unix socket.", EventName = "AgentNotLocal")]
        public static partial void NotLocal(ILogger logger, WorkloadApiAddress endpoint);

        [LoggerMessage(7, LogLevel.Error, "The watch of JWT bundles failed; trying again.", EventName = "WatchFailed")]
        public static partial void WatchFailed(ILogger logger, Exception exception);
    }
}
