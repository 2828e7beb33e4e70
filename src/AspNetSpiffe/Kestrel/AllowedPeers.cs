using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>Who may connect, as the newest valid configuration says. A mistake in a reloaded configuration is logged, and the last good one stays.</summary>
internal sealed partial class AllowedPeers : IDisposable
{
    private readonly IOptionsFactory<SpiffeServerOptions> _factory;
    private readonly ILogger _logger;
    private readonly IDisposable? _reload;
    private volatile State _state;
    private ChangeSignal _changed;

    public AllowedPeers(IOptionsFactory<SpiffeServerOptions> factory, ServerNotifications notifications, IConfiguration? configuration = null)
    {
        (_factory, _logger) = (factory, notifications.CreateLogger("AspNetSpiffe.AllowedPeers"));
        _changed = NewSignal();
        _state = new(factory.Create(Microsoft.Extensions.Options.Options.DefaultName));
        _reload = configuration is null ? null : ChangeToken.OnChange(configuration.GetReloadToken, Reload);
    }

    public SpiffeServerOptions Options => _state.Options;

    /// <summary>Gets the pattern; <see langword="null"/> means every member of our own trust domain.</summary>
    public SpiffeIdPattern? Pattern => _state.Pattern;

    public IChangeToken GetChangeToken() => Volatile.Read(ref _changed);

    public void Dispose() => _reload?.Dispose();

    // Not IOptionsMonitor: it throws a mistake at whoever reloaded the file.
    private void Reload()
    {
        try
        {
            var next = new State(_factory.Create(Microsoft.Extensions.Options.Options.DefaultName));
            if (Equals(next.Pattern, _state.Pattern) && next.Options.SameAs(_state.Options)) return;
            _state = next;
        }
        catch (OptionsValidationException e)
        {
            Log.Refused(_logger, e.Message);
            return;
        }

        Interlocked.Exchange(ref _changed, NewSignal()).Fire();
        Log.Changed(_logger, Pattern?.ToString() ?? "members of our own trust domain");
    }

    private ChangeSignal NewSignal() => new(problem => Log.SubscriberFailed(_logger, problem));

    private sealed class State(SpiffeServerOptions options)
    {
        public SpiffeServerOptions Options { get; } = options;

        public SpiffeIdPattern? Pattern { get; } = options.AllowedPeers.Count == 0 ? null : SpiffeIdPattern.Parse(string.Join(',', options.AllowedPeers));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The configuration changed. Allowed peers: {AllowedPeers}.", EventName = "AllowedPeersChanged")]
        public static partial void Changed(ILogger logger, string allowedPeers);

        [LoggerMessage(2, LogLevel.Error, "The changed configuration has mistakes, so the one before stays. {Mistakes}", EventName = "AllowedPeersRefused")]
        public static partial void Refused(ILogger logger, string mistakes);

        [LoggerMessage(3, LogLevel.Error, "A subscriber to changes of the allowed peers failed; the new ones count all the same.", EventName = "AllowedPeersSubscriberFailed")]
        public static partial void SubscriberFailed(ILogger logger, Exception exception);
    }
}
