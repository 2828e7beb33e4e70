using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Takes our identity out of use when the Workload API has taken it back, and not given it again within a moment (Workload API §5.2.1).</summary>
internal sealed partial class Withdrawal(X509Source source, SpiffeOptions options, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private ITimer? _timer;

    /// <summary>The identity is gone: withdraws it after the delay, for a real agent may leave it out while it re-issues it.</summary>
    public void Begin()
    {
        if (options.OnIdentityRevoked != IdentityRevocation.Withdraw) return;
        lock (_lock)
        {
            if (_timer is not null || source.Current is null) return;
            _timer = source.Time.CreateTimer(_ => Complete(), null, options.WithdrawalDelay, Timeout.InfiniteTimeSpan);
        }

        Log.IdentityMissing(logger, source.Current?.DefaultSvid.Id, source.Address, options.WithdrawalDelay.TotalSeconds);
    }

    /// <summary>The identity is there again.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    public void Dispose() => Cancel();

    private void Complete()
    {
        lock (_lock)
        {
            if (_timer is null) return;
            Cancel();
            Log.IdentityWithdrawn(logger, source.Current?.DefaultSvid.Id, source.Address);
            source.Withdraw();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(20, LogLevel.Error, "The SPIFFE Workload API at {Endpoint} has taken back the identity {SpiffeId}. It is out of use: no new connections until there is one again.", EventName = "IdentityWithdrawn")]
        public static partial void IdentityWithdrawn(ILogger logger, SpiffeId? spiffeId, WorkloadApiAddress endpoint);

        [LoggerMessage(21, LogLevel.Information, "The identity {SpiffeId} is missing at the SPIFFE Workload API at {Endpoint}. Unless it comes back, it is out of use in {Seconds} s.", EventName = "IdentityMissing")]
        public static partial void IdentityMissing(ILogger logger, SpiffeId? spiffeId, WorkloadApiAddress endpoint, double seconds);
    }
}
