using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps one source current: selects its SVID from the updates of the shared stream, and publishes or withdraws it.</summary>
/// <remarks>Thread-safe: its lock synchronises updates of the stream and the timer for SVIDs that are not yet valid; no external code runs under it.</remarks>
internal sealed partial class X509SourceWatch : IDisposable
{
    // The tolerated clock skew between issuer and us; most peers tolerate it too.
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    // The clock may be corrected during the wait.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly X509Source _source;
    private readonly Withdrawal _withdrawal;
    private readonly SvidChoice _choice;
    private readonly ILogger _logger;
    private readonly ToldCauses _told;
    private readonly ToldCauses _toldSeveral;
    private readonly Alarm _comesOfAge;
    private readonly Lock _lock = new();
    private volatile X509StreamReader? _reader;
    private volatile string? _missing;
    private X509Context? _taken;
    private X509Context? _inUseAsGiven;
    private SvidName? _inUse;

    public X509SourceWatch(X509Source source, Withdrawal withdrawal, SvidChoice choice, ILogger logger)
    {
        (_source, _withdrawal, _choice, _logger) = (source, withdrawal, choice, logger);
        _told = new(source.Time);
        _toldSeveral = new(source.Time);
        _comesOfAge = new(source.Time, TakeAgain, e => Log.UpdateFailed(logger, source.Origin, e));
    }

    /// <summary>Gets the last error and its remedy, as text for an operator.</summary>
    public string? LastProblem => Trouble?.Problem ?? _missing;

    /// <summary>Gets the error of the stream, if any.</summary>
    public Trouble? Trouble => _reader?.Latest.Trouble;

    public async Task RunAsync(CancellationToken stopping)
    {
        var reader = _reader = X509Streams.Join(_source.Origin, _source, _logger);
        try
        {
            // The caller starts its host and must not be blocked.
            await Task.Yield();
            await foreach (var state in reader.ReadAllAsync(stopping).ConfigureAwait(false)) Take(state);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The source is disposed.
        }
        finally
        {
            _withdrawal.Cancel();
            _comesOfAge.Dispose();
            await reader.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Publishes the context in use again, merged with the current bundles of endpoints.</summary>
    public void MergeAgain()
    {
        lock (_lock)
        {
            if (_inUseAsGiven is { } given) _withdrawal.IfInUse(() => Merge(given));
        }
    }

    public void Dispose() => _comesOfAge.Dispose();

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The exception is logged, and the watch continues.")]
    private void Take(WatchState<X509Context> state)
    {
        try
        {
            lock (_lock)
            {
                if (state.End is { } end) _source.GiveUp(end);
                if (state.IsDenied) Deny();
                else if (state.Value is { } context && context != _taken) Take(context);
                _source.Status.Take(state.History, _missing);
            }

            _source.Expiry.Check();
        }
        catch (Exception e)
        {
            // The task of the watch is not awaited before its end: if an exception ended it here, the SVID would expire without a log event.
            Log.UpdateFailed(_logger, _source.Origin, e);
        }
    }

    private void TakeAgain()
    {
        lock (_lock)
        {
            if (_taken is { } context) Take(context);
        }
    }

    private void Deny()
    {
        _taken = null;
        _comesOfAge.Cancel();
        _withdrawal.Begin();
    }

    private void Take(X509Context context)
    {
        var inUse = _taken is not null && IsReordered(_taken, context) ? null : _inUse;
        _taken = context;
        _comesOfAge.Cancel();
        var now = _source.Time.GetUtcNow();
        if (_choice.Choose(context.Svids, inUse) is not { } svid) Miss(context);
        else if (svid.ValidFrom > now + ClockTolerance) Await(svid, now);
        else if (svid.Validity.End <= now) _missing = $"Its last SVID expired at {svid.NotAfter:u}.";
        else Publish(context.WithDefault(svid));
    }

    // Workload API §8: the first SVID is the default, so an agent that reorders the same SVIDs changes the default. An added or removed SVID does not.
    private static bool IsReordered(X509Context last, X509Context next)
    {
        var (before, after) = (last.Svids.Select(SvidName.Of).ToArray(), next.Svids.Select(SvidName.Of).ToArray());
        return !before.SequenceEqual(after) && before.ToHashSet().SetEquals(after);
    }

    private void Miss(X509Context context)
    {
        var problem = $"None of its SVIDs is the requested one ({_choice}); issued are {SvidName.List([.. context.Svids.Select(SvidName.Of)])}.";
        _missing = problem;
        _withdrawal.Begin();
        if (_told.IsNews(problem)) Log.SvidMissing(_logger, _source.Origin, problem, IdentityNow());
    }

    // Peers reject an SVID that is not yet valid.
    private void Await(X509Svid svid, DateTimeOffset now)
    {
        _withdrawal.Cancel();
        var wait = svid.ValidFrom - now;
        _comesOfAge.Set(wait < LongestWait ? wait : LongestWait);
        _missing = $"Its SVID '{svid.Id}' is not valid before {svid.ValidFrom:u}, and the time here is {now:u}: compare the clock of this machine with that of the issuer.";
        if (_told.IsNews($"{svid.Id} {svid.ValidFrom:u}")) Log.SvidNotYetValid(_logger, _source.Origin, _missing, IdentityNow());
    }

    private void Publish(X509Context given)
    {
        _withdrawal.Cancel();
        _missing = null;
        _told.MarkGood();
        _inUse = SvidName.Of(given.DefaultSvid);
        _inUseAsGiven = given;
        _source.Federated.TakeIdentity(given.TrustDomain, given.Bundles);
        Merge(given);
    }

    private void Merge(X509Context given)
    {
        var last = _source.Current;
        var bundles = _source.Federated.Current.ApplyTo(given.Bundles, given.TrustDomain);

        // Keep the instance while the content is equal: the cache of verified peers depends on it.
        var next = given.WithBundles(last?.Bundles.SameContentAs(bundles) is true ? last.Bundles : bundles);
        if (last is not null && last.SameContentAs(next)) return;

        _source.Publish(next);
        Log.SvidRenewed(_logger, next.DefaultSvid.Id, WhatHappened(last?.DefaultSvid, next.DefaultSvid), next.DefaultSvid.NotAfter, next.Bundles.Count);
        WarnOfSeveral(next);
    }

    // Workload API §8: with several SVIDs, the order of registration entries determines our identity.
    private void WarnOfSeveral(X509Context context)
    {
        var meant = _choice.Meant(context.Svids.Select(SvidName.Of));
        if (meant.Count < 2) return;
        if (_toldSeveral.IsNews(SvidName.List([.. meant.OrderBy(static name => name.ToString(), StringComparer.Ordinal)])))
            Log.SeveralSvids(_logger, _source.Origin.Title, meant.Count, SvidName.List(meant), context.DefaultSvid.Id);
    }

    private string IdentityNow() => _source.Current is null ? "none received yet" : "the last valid one is kept";

    private static string WhatHappened(X509Svid? last, X509Svid next) =>
        last is null ? "obtained"
        : last.Id != next.Id ? $"issued instead of '{last.Id}'"
        : last.IsSameAs(next) ? "unchanged, with other bundles or other SVIDs"
        : "renewed";

    /// <seealso cref="LogCategories.X509Svids"/>
    private static partial class Log
    {
        /// <summary>A new or renewed SVID, or changed bundles, are in use for new connections.</summary>
        /// <remarks>Nothing. If an SVID is not renewed in time, <see href="#svidnotrenewed">SvidNotRenewed</see> follows.</remarks>
        [LoggerMessage(2, LogLevel.Information, "Identity {SpiffeId} {What}, valid until {NotAfter:u}. Trust domains with a bundle: {TrustDomains}.", EventName = "SvidRenewed")]
        public static partial void SvidRenewed(ILogger logger, SpiffeId spiffeId, string what, DateTimeOffset notAfter, int trustDomains);

        /// <summary>
        /// None of the SVIDs of an update matches <c>Spiffe:Hint</c> or <c>Spiffe:Identity</c>. The SVID in use is withdrawn after a delay, as if
        /// the agent had withdrawn it.
        /// </summary>
        /// <remarks>Correct the setting, or register this workload for that identity: the message lists the issued ones.</remarks>
        [LoggerMessage(3, LogLevel.Error, "Rejected an update from {Origin}. {Problem} Identity: {State}.", EventName = "UpdateRefused")]
        public static partial void SvidMissing(ILogger logger, Origin origin, string problem, string state);

        /// <summary>Applying an update threw an exception. The last valid SVID is kept until the next update.</summary>
        /// <remarks>Report it, with the exception. If no <see href="#svidrenewed">SvidRenewed</see> follows, restart.</remarks>
        [LoggerMessage(8, LogLevel.Error, "An update from {Origin} could not be applied.", EventName = "UpdateFailed")]
        public static partial void UpdateFailed(ILogger logger, Origin origin, Exception exception);

        /// <summary>The SVID of an update is not valid yet by more than a minute, so peers would reject it. It is applied when it becomes valid.</summary>
        /// <remarks>Compare the clock of this machine with that of the issuer.</remarks>
        [LoggerMessage(9, LogLevel.Warning, "An update from {Origin} is not yet valid and is applied later. {Problem} Identity: {State}.", EventName = "SvidNotYetValid")]
        public static partial void SvidNotYetValid(ILogger logger, Origin origin, string problem, string state);

        /// <summary>This workload has several identities, and the settings do not select one: after a restart it may be another one.</summary>
        /// <remarks>Set <c>Spiffe:Hint</c> or <c>Spiffe:Identity</c>, or give each registration entry different selectors.</remarks>
        [LoggerMessage(
            11,
            LogLevel.Warning,
            "{Origin} issues {Count} SVIDs to this workload: {Svids}. It uses {SpiffeId} as long as that is issued; after a restart it may use another one. " +
            "Set 'Spiffe:Hint' or 'Spiffe:Identity', or give each workload registration selectors of its own.",
            EventName = "SeveralSvids")]
        public static partial void SeveralSvids(ILogger logger, string origin, int count, string svids, SpiffeId spiffeId);
    }
}
