using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Keeps the certificate revocation lists current: polls each location in the background. When an update fails or is invalid, the last valid list is kept.</summary>
/// <remarks>Thread-safe. Reading the current lists takes no lock.</remarks>
internal sealed partial class RevocationWatch : IAsyncDisposable
{
    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(30);

    // The maximum delay of a retry, which must not wait for the next regular poll.
    private static readonly TimeSpan MostDelayAfterFailure = TimeSpan.FromSeconds(30);

    private readonly (TrustDomain TrustDomain, RevocationListPlace Place)[] _places;
    private readonly bool _acceptsUnknown;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _changed;
    private readonly HttpClient _http;
    private readonly Lock _lock = new();
    private readonly ImmutableArray<RevocationList>[] _lists;
    private readonly CancellationTokenSource _stopping = new();
    private volatile RevocationLists _current;
    private Task _running = Task.CompletedTask;

    /// <param name="options">The locations of the lists.</param>
    /// <param name="limits">The maximum size of a list.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">May be called under locks: <see cref="NotificationQueue.CreateLogger"/>.</param>
    /// <param name="changed">Called when a list was loaded: a peer that was accepted before may now be revoked.</param>
    public RevocationWatch(SpiffeRevocationOptions options, SpiffeLimits limits, TimeProvider time, ILogger logger, Action changed)
    {
        (_acceptsUnknown, _time, _logger, _changed) = (options.OnUnknown == UnknownRevocation.Accept, time, logger, changed);

        // No proxy and no cookies: only the configuration determines where a list comes from. No trace headers to another organization.
        _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null }) { MaxResponseContentBufferSize = limits.MaxMessageBytes, Timeout = FetchTimeout };
        _places = [.. options.Lists.SelectMany(lists => lists.Value.Select(list => (TrustDomain.Parse(lists.Key), PlaceOf(list, options, limits))))];
        _lists = [.. _places.Select(static _ => ImmutableArray<RevocationList>.Empty)];
        _current = Snapshot();
    }

    /// <summary>Gets the current lists.</summary>
    public RevocationLists Current => _current;

    /// <summary>Gets the error of each list that is not current.</summary>
    public IEnumerable<(TrustDomain TrustDomain, string Problem)> Problems
    {
        get
        {
            for (var place = 0; place < _places.Length; place++)
            {
                var problem = _lists[place].IsEmpty ? "it has not been loaded yet." : StalenessOf(place);
                if (problem is not null) yield return (_places[place].TrustDomain, $"'{_places[place].Place.Name}': {problem}");
            }
        }
    }

    public void Start()
    {
        // It outlives its starter, and must not capture its log scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        _running = Task.WhenAll(Enumerable.Range(0, _places.Length).Select(place => Task.Run(() => WatchAsync(place), CancellationToken.None)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _http.Dispose();
        _stopping.Dispose();
    }

    private RevocationListPlace PlaceOf(string list, SpiffeRevocationOptions options, SpiffeLimits limits) =>
        SpiffeRevocationOptions.IsUrl(list) ? new RevocationListUrl(list, options.RefreshInterval, _http) : new RevocationListFile(Path.GetFullPath(list), limits.MaxMessageBytes);

    private RevocationLists Snapshot() => new(
        _places.Zip(_lists).GroupBy(static place => place.First.TrustDomain).ToFrozenDictionary(static group => group.Key, static group => group.SelectMany(static place => place.Second).ToImmutableArray()),
        _acceptsUnknown);

    private async Task WatchAsync(int index)
    {
        var (trustDomain, place) = _places[index];
        var (told, seen, failures) = (new ToldProblem(), Array.Empty<byte>(), 0);
        while (!_stopping.IsCancellationRequested)
        {
            var problem = await TryReadAsync(place, _stopping.Token).ConfigureAwait(false) is var (content, failure) && content is null ? failure
                : content!.AsSpan().SequenceEqual(seen) ? StalenessOf(index)
                : TakeUp(index, seen = content!);

            failures = problem is null ? 0 : failures + 1;
            if (told.IsNews(problem) && !_stopping.IsCancellationRequested) Log.Problem(_logger, place.Name, trustDomain, problem!, _lists[index].IsEmpty ? "none received yet" : "the last valid one is kept");
            await Task.Delay(DelayAfter(failures, place.Interval), _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The exception is logged, and the watch continues.")]
    private static async Task<(byte[]? Content, string? Problem)> TryReadAsync(RevocationListPlace place, CancellationToken stopping)
    {
        try
        {
            return (await place.ReadAsync(stopping).ConfigureAwait(false), null);
        }
        catch (Exception e)
        {
            return (null, e.Message);
        }
    }

    /// <returns>The error, if any.</returns>
    private string? TakeUp(int index, byte[] content)
    {
        try
        {
            var next = RevocationList.Parse(content);
            lock (_lock)
            {
                _lists[index] = Replace(_lists[index], next);
                _current = Snapshot();
            }

            Log.TakenUp(_logger, _places[index].Place.Name, _places[index].TrustDomain, next.IssuerName, $"{next.Number}", next.Count, next.NextUpdate);
            _changed();
            return StalenessOf(index);
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    // A list whose issuer has not been seen yet may be forged: it is kept in addition to the last list with a verified signature.
    private static ImmutableArray<RevocationList> Replace(ImmutableArray<RevocationList> lists, RevocationList next)
    {
        if (lists.LastOrDefault(static list => list.SignedBy is not null) is not { } good) return [next];
        if (!good.Issuer.AsSpan().SequenceEqual(next.Issuer) || !next.IsSignedBy(good.SignedBy!)) return [good, next];
        return next.Number < good.Number ? throw new FormatException($"Its number is {next.Number}, but the previous list has the number {good.Number}: this list is older.") : [next];
    }

    private string? StalenessOf(int index) => _lists[index] is [.., var last] && last.NextUpdate < _time.GetUtcNow() ? $"It should have been renewed by {last.NextUpdate:u}, and is no longer used." : null;

    private static TimeSpan DelayAfter(int failures, TimeSpan interval)
    {
        if (failures == 0) return interval;
        var delay = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, failures - 1), MostDelayAfterFailure.TotalSeconds));
        return delay < interval ? delay : interval;
    }

    /// <summary>Logs an error once, until it changes or is resolved.</summary>
    private sealed class ToldProblem
    {
        private string? _last;

        public bool IsNews(string? problem)
        {
            var isNews = problem is not null && problem != _last;
            _last = problem;
            return isNews;
        }
    }

    /// <seealso cref="LogCategories.Revocation"/>
    private static partial class Log
    {
        /// <summary>A new certificate revocation list was loaded. Open connections are checked against it too.</summary>
        /// <remarks>Nothing.</remarks>
        [LoggerMessage(
            1, LogLevel.Information, "Loaded the certificate revocation list '{Place}' of '{TrustDomain}': issuer {Issuer}, number {Number}, {Count} revoked, next update {NextUpdate:u}.",
            EventName = "RevocationListTaken")]
        public static partial void TakenUp(ILogger logger, string place, TrustDomain trustDomain, string issuer, string number, int count, DateTimeOffset nextUpdate);

        /// <summary>
        /// A certificate revocation list could not be read or fetched, is older than the one before, or was not renewed in time. The last valid one is used until its next update
        /// is due; after that, peers are rejected as <c>RevocationUnknown</c>, unless <c>OnUnknown</c> is <c>Accept</c>.
        /// </summary>
        /// <remarks>The message has the cause: the CA must publish the list in time, at the configured place. See <see href="../revocation.md">revocation</see>.</remarks>
        [LoggerMessage(2, LogLevel.Error, "The certificate revocation list '{Place}' of '{TrustDomain}' has an error. {Problem} List: {State}.", EventName = "RevocationListRefused")]
        public static partial void Problem(ILogger logger, string place, TrustDomain trustDomain, string problem, string state);
    }
}
