using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Withdraws our identity when its origin has withdrawn it and has not issued it again within a delay (Workload API §5.2.1).</summary>
/// <remarks>Thread-safe: its lock ensures that an identity that is issued again is not withdrawn by a late timer; no external code runs under it.</remarks>
internal sealed partial class Withdrawal : IDisposable
{
    private readonly X509Source _source;
    private readonly ILogger _logger;
    private readonly TimeSpan? _delay;
    private readonly Alarm _alarm;
    private readonly Lock _lock = new();
    private bool _begun;

    public Withdrawal(X509Source source, SpiffeOptions options, ILogger logger)
    {
        (_source, _logger) = (source, logger);
        _delay = options.IdentityRevocation == IdentityRevocation.Withdraw ? options.WithdrawalDelay : null;
        _alarm = new(source.Time, Complete, e => Log.WithdrawalFailed(logger, e));
    }

    /// <summary>Starts the delay after which the identity is withdrawn: agents may omit it for a moment while they re-issue it.</summary>
    public void Begin()
    {
        if (_delay is not { } delay) return;
        SpiffeId missing;
        lock (_lock)
        {
            if (_begun || _source.Current is not { } current) return;
            _begun = true;
            missing = current.DefaultSvid.Id;
            _alarm.Set(delay);
        }

        Log.IdentityMissing(_logger, missing, _source.Origin, delay.TotalSeconds);
    }

    /// <summary>Runs a change only while the identity is in use, so that a change of bundles does not restore a withdrawn identity.</summary>
    public void IfInUse(Action change)
    {
        lock (_lock)
        {
            if (_source.Current is not null) change();
        }
    }

    /// <summary>Cancels the withdrawal: the identity was issued again.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _begun = false;
            _alarm.Cancel();
        }
    }

    public void Dispose()
    {
        Cancel();
        _alarm.Dispose();
    }

    private void Complete()
    {
        SpiffeId? withdrawn;
        lock (_lock)
        {
            if (!_begun) return;
            _begun = false;
            withdrawn = _source.Current?.DefaultSvid.Id;
            _source.Withdraw();
        }

        Log.IdentityWithdrawn(_logger, _source.Origin.Title, withdrawn);
    }

    /// <seealso cref="LogCategories.X509Svids"/>
    private static partial class Log
    {
        /// <summary>
        /// The origin of the identity withdrew it and did not issue it again in time. There are no new connections, neither inbound nor outbound, until there is an identity again.
        /// </summary>
        /// <remarks>
        /// Check the registration of this workload, its selectors, and the log of the agent. To keep an identity until it expires, set
        /// <c>Spiffe:IdentityRevocation</c> to <c>KeepUntilExpiry</c>.
        /// </remarks>
        [LoggerMessage(20, LogLevel.Error, "{Origin} has withdrawn the identity {SpiffeId}. It is no longer used: no new connections until an identity is issued again.", EventName = "IdentityWithdrawn")]
        public static partial void IdentityWithdrawn(ILogger logger, string origin, SpiffeId? spiffeId);

        /// <summary>
        /// The origin of the identity did not include it in an update. An agent may do so for a moment while it issues a new one, so there is a delay,
        /// <c>Spiffe:WithdrawalDelay</c>, before it is withdrawn.
        /// </summary>
        /// <remarks>Nothing, unless <see href="#identitywithdrawn">IdentityWithdrawn</see> follows.</remarks>
        [LoggerMessage(21, LogLevel.Information, "The identity {SpiffeId} is no longer issued by {Origin}. Unless it is issued again, it is withdrawn in {Seconds} s.", EventName = "IdentityMissing")]
        public static partial void IdentityMissing(ILogger logger, SpiffeId? spiffeId, Origin origin, double seconds);

        /// <summary>Withdrawing the identity threw an exception.</summary>
        /// <remarks>Report it, with the exception, and restart: the identity may still be in use.</remarks>
        [LoggerMessage(22, LogLevel.Error, "The withdrawal of an identity failed.", EventName = "WithdrawalFailed")]
        public static partial void WithdrawalFailed(ILogger logger, Exception exception);
    }
}
