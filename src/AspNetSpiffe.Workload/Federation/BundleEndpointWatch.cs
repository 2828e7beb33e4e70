using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps the bundle of one trust domain current: polls its endpoint at the interval of the refresh hint. When a fetch fails, the last valid bundle is kept.</summary>
/// <param name="endpoint">The endpoint.</param>
/// <param name="find">Finds the current bundle of the endpoint's own trust domain, if that is another one.</param>
/// <param name="isOurOwn">Whether the bundle is of our own trust domain.</param>
/// <param name="publish">Publishes each new bundle; called before it is logged.</param>
/// <param name="count">Counts each fetch, with the type of its error, if any.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log of fetches and errors: each error once, not for each attempt.</param>
internal sealed partial class BundleEndpointWatch(
    BundleEndpoint endpoint, Func<TrustDomain, X509Bundle?> find, Func<bool> isOurOwn, Action<SpiffeBundle> publish, Action<TrustDomain, string?> count, TimeProvider time, ILogger logger)
{
    // SPIFFE Federation §4.1: the interval without a refresh hint.
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromMinutes(5);

    // Limits Retry-After: with a delay of a day, an outage would go unnoticed.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    private const string NoServerBundle = "NoServerBundle";

    // So that a thousand workloads do not fetch at the same time. It shortens the interval: keys are published several refresh hints before use.
    private const double Jitter = 0.1;

    // Before the first fetch, peers of the trust domain are rejected, so retries are frequent. Later, the standard requires a longer delay (§6.2).
    private readonly RetryDelay _beforeFirst = new(new(TimeSpan.FromSeconds(0.5), DefaultInterval, Jitter), Random.Shared);
    private readonly ToldCauses _told = new(time);
    private readonly ToldCauses _toldRemarks = new(time);
    private SpiffeBundle? _newest = endpoint.Initial;
    private bool _fetched;
    private int _waited;
    private volatile string? _problem;

    /// <summary>Gets the current error and its remedy; <see langword="null"/> without an error.</summary>
    public string? LastProblem => _problem;

    /// <summary>Polls until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            foreach (var remark in endpoint.Initial?.Remarks ?? []) Log.Remark(logger, endpoint.TrustDomain, remark);
            while (true) await Task.Delay(await PollAsync(stopping).ConfigureAwait(false), time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Cancelled: the source is disposed.
        }
    }

    /// <summary>Fetches once.</summary>
    /// <returns>The delay before the next fetch.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The exception is logged, and the watch continues.")]
    private async Task<TimeSpan> PollAsync(CancellationToken stopping)
    {
        try
        {
            var fetch = new BundleFetch(endpoint, FindServerBundle(), time);
            Take(await FetchAsync(fetch, stopping).ConfigureAwait(false), fetch);
            count(endpoint.TrustDomain, null);
            return Interval();
        }
        catch (BundleFetchException e)
        {
            count(endpoint.TrustDomain, e.ErrorType);
            return Fail(e.Cause, e.Message, e.RetryAfter);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // The task of the watch is not awaited before its end: if an exception ended it here, the bundle would become outdated without a log event.
            count(endpoint.TrustDomain, e.GetType().FullName);
            return Fail(e.GetType().Name, $"The fetch failed: {e.Message}", null, e);
        }
    }

    // §7.6: log each fetch and how its endpoint was verified, so that the chain of trust can be reconstructed.
    private async Task<SpiffeBundle> FetchAsync(BundleFetch fetch, CancellationToken stopping)
    {
        try
        {
            return await fetch.RunAsync(stopping).ConfigureAwait(false);
        }
        finally
        {
            Log.Asked(logger, endpoint.TrustDomain, fetch.Way, fetch.Server ?? "nothing");
        }
    }

    private X509Bundle? FindServerBundle()
    {
        if (isOurOwn()) throw new BundleFetchException("OurOwn", "It is our own trust domain, whose bundle comes only from the source of our identity. Remove the entry.");
        if (endpoint.ServerId is not { } server) return null;
        return (endpoint.IsSelfServing ? _newest!.X509 : find(server.TrustDomain)) ?? throw new BundleFetchException(
            NoServerBundle,
            $"The bundle of '{server.TrustDomain}', which verifies the endpoint '{server}', is not available yet. It comes from the source of our identity, or from an entry 'Spiffe:Federation:{server.TrustDomain}'.");
    }

    private void Take(SpiffeBundle next, BundleFetch fetch)
    {
        // §4.2: of two bundles with a sequence number, the smaller number is the older bundle, whatever the order of arrival.
        if (_newest is { Sequence: { } newest } && next.Sequence < newest)
            throw new BundleFetchException("Older", $"It served version {next.Sequence} of the bundle, which is older than version {newest}.");

        var isNew = _newest is not { } last || !last.X509.Equals(next.X509) || !last.Jwt.Equals(next.Jwt);
        var isFirst = !_fetched;
        (_newest, _fetched, _problem) = (next, true, null);
        _told.MarkGood();
        if (isNew) publish(next);

        if (isFirst || isNew) Log.Fetched(logger, endpoint.TrustDomain, isNew ? "is new" : "is unchanged", next.X509.Count, next.Jwt.Authorities.Length, (object?)next.Sequence ?? "unknown", fetch.Way, fetch.Server);
        if (next.Remarks.IsEmpty) _toldRemarks.MarkGood();
        foreach (var remark in next.Remarks.Where(_toldRemarks.IsNews)) Log.Remark(logger, endpoint.TrustDomain, remark);
    }

    private TimeSpan Fail(string cause, string problem, TimeSpan? retryAfter, Exception? exception = null)
    {
        _problem = problem;

        // The bundle that verifies the endpoint may still arrive, from the agent or from another endpoint.
        var mayBeComing = cause == NoServerBundle && ++_waited < 5;
        if (!mayBeComing && _told.IsNews(cause)) Log.Failed(logger, endpoint.TrustDomain, BundleEndpointUrl.Describe(endpoint.Url), problem, _newest is null ? "none received yet" : _fetched ? "the last valid one is kept" : "the initial one is kept", exception);

        var wait = _fetched ? Interval() : _beforeFirst.Next();
        var asked = retryAfter < LongestRetryAfter ? retryAfter : retryAfter is null ? null : LongestRetryAfter;
        return asked > wait ? asked.Value : wait;
    }

    private TimeSpan Interval() => (_newest?.RefreshHint ?? DefaultInterval) * (1 - (Jitter * Random.Shared.NextDouble()));

    /// <seealso cref="LogCategories.Federation"/>
    private static partial class Log
    {
        /// <summary>A bundle endpoint was fetched for the first time, or served a changed bundle, which is used now. The message says what verified the endpoint.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(1, LogLevel.Information, "The bundle of {TrustDomain} {What}: {X509} X.509 and {Jwt} JWT authorities, version {Sequence}. Fetched from {Urls}, verified by {Server}.", EventName = "BundleFetched")]
        public static partial void Fetched(ILogger logger, TrustDomain trustDomain, string what, int x509, int jwt, object sequence, string urls, string? server);

        /// <summary>A bundle was requested from an endpoint. The message has each URL and what verified the endpoint, as a record of how trust was established (SPIFFE Federation §7.6).</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(2, LogLevel.Debug, "Requested the bundle of {TrustDomain} from {Urls}; verified by {Server}.", EventName = "BundleAsked")]
        public static partial void Asked(ILogger logger, TrustDomain trustDomain, string urls, string server);

        /// <summary>
        /// A bundle endpoint did not respond, failed verification, or served no valid bundle or an older one. The last valid bundle is kept, and the fetch is retried. Logged once for each
        /// cause.
        /// </summary>
        /// <remarks>
        /// The message has the cause. Without any bundle, peers of that trust domain are rejected as <c>UnknownTrustDomain</c>; an outdated one lacks the newest authorities.
        /// See <see href="../federation.md">federation</see>.
        /// </remarks>
        [LoggerMessage(3, LogLevel.Warning, "No new bundle of {TrustDomain} from {Url}; retrying. {Problem} Bundle: {State}.", EventName = "BundleNotFetched")]
        public static partial void Failed(ILogger logger, TrustDomain trustDomain, string url, string problem, string state, Exception? exception);

        /// <summary>A part of a fetched bundle was ignored; the rest is used.</summary>
        /// <remarks>The message says which part. The operator of that trust domain must correct it.</remarks>
        [LoggerMessage(4, LogLevel.Warning, "In the bundle of {TrustDomain}: {Remark}", EventName = "BundleRemark")]
        public static partial void Remark(ILogger logger, TrustDomain trustDomain, string remark);
    }
}
