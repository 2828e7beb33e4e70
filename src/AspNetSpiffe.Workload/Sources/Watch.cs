using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace AspNetSpiffe;

/// <summary>Watches an origin: opens it, publishes the state after each update, and retries when the stream ends.</summary>
/// <param name="origin">The origin.</param>
/// <param name="call">Opens a stream; called for each attempt.</param>
/// <param name="publish">Publishes each new state; called before it is logged.</param>
/// <param name="log">The log of errors: each error once, not for each attempt.</param>
/// <param name="expiry">Returns when the value of an update expires, if it does.</param>
internal sealed class Watch<T>(
    Origin origin,
    Func<IFeed, CancellationToken, IAsyncEnumerable<Update<T>>> call,
    Action<WatchState<T>> publish,
    IWatchLog log,
    Func<T, DateTimeOffset>? expiry = null)
    where T : class
{
    // An agent renews an SVID at half of its lifetime. One that has sent nothing after that may be unresponsive: the watch opens a new stream. One that
    // does not answer even then is detected by the keep-alive pings.
    private const double SilentPart = 0.6;
    private static readonly TimeSpan LeastSilence = TimeSpan.FromMinutes(1);

    private readonly RetryDelay _delay = new(origin.Retry, Random.Shared);
    private readonly ToldCauses _told = new(origin.Time);
    private readonly ToldCauses _toldRemarks = new(origin.Time);
    private WatchState<T> _state = new();
    private IReadOnlyList<string> _remarks = [];

    /// <summary>Watches until it is cancelled, or the agent returns a permanent error.</summary>
    public Task RunAsync(CancellationToken stopping)
    {
        // The watch outlives its starter, and must not capture its log scopes and activities.
        using var _ = ExecutionContext.SuppressFlow();
        return Task.Run(() => KeepWatchingAsync(stopping), CancellationToken.None);
    }

    private async Task KeepWatchingAsync(CancellationToken stopping)
    {
        try
        {
            using var feed = origin.Open();
            if (origin is AgentOrigin { Address: { IsLocal: false } address }) log.NotLocal(address);
            while (await WatchOnceAsync(feed, stopping).ConfigureAwait(false))
                await Task.Delay(_delay.Next(), origin.Time, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Cancelled: the source is disposed.
        }
    }

    /// <summary>Watches one stream to its end.</summary>
    /// <returns>Whether to retry.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "The exception is logged, and the watch continues.")]
    private async Task<bool> WatchOnceAsync(IFeed feed, CancellationToken stopping)
    {
        try
        {
            return End(await ReadAsync(feed, stopping).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Fail(Troubled("Silent", "The agent has sent nothing for a long time, although it should have renewed the SVID; it may be hung. Opening a new stream."), "silent");
            return true;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // The task of the watch is not awaited before its end: if an exception ended it here, the value would expire without a log event.
            var cause = e.GetType().Name;
            Fail(Troubled(cause, $"The watch failed: {e.Message}"), e.GetType().FullName!);
            if (_told.IsNews(cause)) log.WatchFailed(e);
            return true;
        }
    }

    private async Task<WorkloadApiException?> ReadAsync(IFeed feed, CancellationToken stopping)
    {
        using var stream = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var silence = new Alarm(origin.Time, stream.Cancel, static _ => { });
        try
        {
            await foreach (var update in call(feed, stream.Token).ConfigureAwait(false))
            {
                LimitSilence(silence, update.Value ?? _state.Value);
                Take(update);
            }

            return null;
        }
        catch (WorkloadApiException e)
        {
            return e;
        }
    }

    // Set before the value is published: readers of the value may rely on it.
    private void LimitSilence(Alarm silence, T? latest)
    {
        if (!origin.RenewsInTime || expiry is null || latest is not { } value) return;
        var most = (expiry(value) - origin.Time.GetUtcNow()) * SilentPart;
        silence.Set(most > LeastSilence ? most : LeastSilence);
    }

    private void Take(Update<T> update)
    {
        if (update.Value is { } value) Accept(value, update.Remarks);
        else if (update.Problem is { } problem) Refuse(problem.Message);
        else Update(Troubled("TakenBack", "It has withdrawn the identity.") with { IsDenied = true }, "taken_back");
    }

    private void Accept(T value, IReadOnlyList<string> remarks)
    {
        // Only a valid update resets the backoff: a stream of rejected messages is a failure too.
        _delay.Reset();
        _told.MarkGood();
        Update(_state with { Value = value, IsDenied = false, Trouble = null });

        if (remarks.Count == 0) _toldRemarks.MarkGood();
        foreach (var remark in remarks.Except(_remarks).Where(_toldRemarks.IsNews)) log.Remark(remark);
        _remarks = remarks;
    }

    // The remarks of a rejected update add nothing to its error.
    private void Refuse(string problem)
    {
        Update(Troubled("Refused", $"Its last update was rejected: {problem}"), "malformed");
        if (_told.IsNews($"Refused: {problem}")) log.UpdateRefused(problem, isFirst: _state.Value is null);
    }

    private bool End(WorkloadApiException? failure)
    {
        var mayPass = failure is null or { IsTransient: true };

        // After a valid update the error may be temporary: an agent that is being replaced returns such errors too.
        var isFinal = !mayPass && _state.Value is null;
        var problem = failure?.Problem ?? "It closed the stream.";
        if (!mayPass && !isFinal) problem += " It worked before, so it is retried from time to time.";
        if (!mayPass) _delay.Slow();

        var cause = failure is null ? "Ended" : $"{failure.Failure} {failure.StatusCode}";
        var troubled = Troubled(cause, problem) with
        {
            IsDenied = _state.IsDenied || failure?.StatusCode == StatusCode.PermissionDenied,
            End = isFinal ? failure : null,
        };
        Fail(troubled, failure is null ? "ended" : failure.ErrorType);

        if (isFinal) log.GivenUp(origin, problem);
        else if (_told.IsNews(cause)) log.Unavailable(origin, problem);
        return !isFinal;
    }

    private WatchState<T> Troubled(string cause, string problem) =>
        _state with { Trouble = new(cause, problem, _state.Trouble?.Since ?? origin.Time.GetUtcNow()) };

    private void Update(WatchState<T> next, string? error = null) => Publish(next, isUpdate: true, error);

    private void Fail(WatchState<T> next, string error) => Publish(next, isUpdate: false, error);

    private void Publish(WatchState<T> next, bool isUpdate, string? error) =>
        publish(_state = next with { History = next.History.Add(origin.Time.GetUtcNow(), isUpdate, error, next.Trouble?.Problem) });
}
