using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Logs that our SVID is not renewed: when a third of its lifetime is left, near its expiry, and when it has expired; and again when the cause changes.</summary>
/// <remarks>Thread-safe. The lifetime counts from the time at which the SVID was received: an agent may send one that was issued earlier.</remarks>
internal sealed partial class ExpiryWarnings : IDisposable
{
    private const int ThirdOfLife = 3;
    private const int EndOfLife = 10;

    private readonly X509Source _source;
    private readonly Func<Trouble?> _trouble;
    private readonly ILogger _logger;
    private readonly Alarm _alarm;
    private readonly Lock _lock = new();
    private readonly HashSet<(Age, string?)> _told = [];
    private X509Svid? _svid;
    private TimeSpan _life;

    public ExpiryWarnings(X509Source source, Func<Trouble?> trouble, ILogger logger)
    {
        (_source, _trouble, _logger) = (source, trouble, logger);
        _alarm = new(source.Time, Check, e => Log.ExpiryWarningFailed(logger, e));
    }

    private enum Age
    {
        Young,
        Old,
        Ending,
        Expired,
    }

    /// <summary>Gets whether the SVID should have been renewed: less than a third of its lifetime is left.</summary>
    public bool IsDue
    {
        get
        {
            lock (_lock) return _svid is not null && AgeNow() != Age.Young;
        }
    }

    /// <summary>Starts the warnings for the SVID that is now in use.</summary>
    public void Watch(X509Svid svid)
    {
        lock (_lock)
        {
            var isNew = _svid?.IsSameAs(svid) is not true;
            _svid = svid;
            if (!isNew) return;
            _life = svid.Validity.End - _source.Time.GetUtcNow();
            _told.Clear();
            Arm();
        }
    }

    /// <summary>Stops the warnings: the SVID is no longer in use.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            _svid = null;
            _alarm.Cancel();
        }
    }

    /// <summary>Logs a warning if one is due; called when a timer fires or the state of the watch changes.</summary>
    public void Check()
    {
        X509Svid svid;
        Age age;
        Trouble? trouble;
        lock (_lock)
        {
            if (_svid is null) return;
            svid = _svid;
            trouble = _trouble();
            age = AgeNow();
            Arm();
            if (age == Age.Young || !_told.Add((age, trouble?.Cause))) return;
        }

        if (age == Age.Expired) Log.SvidExpired(_logger, svid.Id, svid.NotAfter, Explain(trouble));
        else Log.SvidNotRenewed(_logger, svid.Id, svid.NotAfter, Round(svid.Validity.End - _source.Time.GetUtcNow()), Explain(trouble));
    }

    public void Dispose() => _alarm.Dispose();

    private Age AgeNow() => (_svid!.Validity.End - _source.Time.GetUtcNow()) switch
    {
        var left when left <= TimeSpan.Zero => Age.Expired,
        var left when left <= _life / EndOfLife => Age.Ending,
        var left when left <= _life / ThirdOfLife => Age.Old,
        _ => Age.Young,
    };

    private void Arm()
    {
        var left = _svid!.Validity.End - _source.Time.GetUtcNow();
        switch (AgeNow())
        {
            case Age.Young: _alarm.Set(left - (_life / ThirdOfLife)); break;
            case Age.Old: _alarm.Set(left - (_life / EndOfLife)); break;
            case Age.Ending: _alarm.Set(left); break;
            default: _alarm.Cancel(); break;
        }
    }

    private string Explain(Trouble? trouble) => trouble is null
        ? $"{_source.Origin.Title} has sent no newer SVID, although it reports no error: {_source.Origin.RenewalAdvice}."
        : $"{_source.Origin.Title} has reported an error since {trouble.Since:u}. {trouble.Problem}";

    private static TimeSpan Round(TimeSpan time) => TimeSpan.FromSeconds(Math.Round(time.TotalSeconds));

    /// <seealso cref="LogCategories.X509Svids"/>
    private static partial class Log
    {
        /// <summary>A third of the lifetime of our SVID is left, or less, and it has not been renewed: agents renew at half of the lifetime. Logged again near expiry, and for each new cause.</summary>
        /// <remarks>
        /// Act before the expiry in the message. The message has the cause; if there is none, check the agent and its connection to the server, or the process that
        /// writes the files.
        /// </remarks>
        [LoggerMessage(12, LogLevel.Warning, "The SVID {SpiffeId} expires at {NotAfter:u}, in {Left}, and has not been renewed. {Problem}", EventName = "SvidNotRenewed")]
        public static partial void SvidNotRenewed(ILogger logger, SpiffeId spiffeId, DateTimeOffset notAfter, TimeSpan left, string problem);

        /// <summary>Our SVID expired without a newer one. Servers and clients reject this workload.</summary>
        /// <remarks>The message has the cause. The first valid SVID is used at once, without a restart.</remarks>
        [LoggerMessage(13, LogLevel.Error, "The SVID {SpiffeId} expired at {NotAfter:u}: peers reject this workload. {Problem}", EventName = "SvidExpired")]
        public static partial void SvidExpired(ILogger logger, SpiffeId spiffeId, DateTimeOffset notAfter, string problem);

        /// <summary>The check of the SVID's expiry threw an exception. The SVID is used nevertheless; a warning may be missing.</summary>
        /// <remarks>Report it, with the exception.</remarks>
        [LoggerMessage(14, LogLevel.Error, "The check for an expiring SVID failed.", EventName = "ExpiryWarningFailed")]
        public static partial void ExpiryWarningFailed(ILogger logger, Exception exception);
    }
}
