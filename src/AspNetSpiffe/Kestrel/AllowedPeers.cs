using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AspNetSpiffe;

/// <summary>The allowed peers of the last valid configuration. An error in a reloaded configuration is logged, and the previous one is kept.</summary>
internal sealed partial class AllowedPeers : IDisposable
{
    private static readonly string Default = Microsoft.Extensions.Options.Options.DefaultName;

    private readonly IOptionsFactory<SpiffeServerOptions> _factory;
    private readonly IOptionsFactory<SpiffeOptions> _section;
    private readonly ILogger _logger;
    private readonly IConfiguration? _configuration;
    private readonly IDisposable? _reload;
    private volatile State _state;
    private ChangeSignal _changed;
    private string? _told;
    private int _reloads;

    /// <param name="factory">Creates the options.</param>
    /// <param name="section">Validates the whole section.</param>
    /// <param name="notifications">The queue for log events.</param>
    /// <param name="configuration">The configuration.</param>
    public AllowedPeers(
        IOptionsFactory<SpiffeServerOptions> factory, IOptionsFactory<SpiffeOptions> section, ServerNotifications notifications, IConfiguration? configuration = null)
    {
        (_factory, _section, _configuration) = (factory, section, configuration);
        _logger = notifications.CreateLogger(LogCategories.AllowedPeers);
        _changed = NewSignal();
        _state = Read();
        _reload = configuration is null ? null : ChangeToken.OnChange(configuration.GetReloadToken, Reload);
        if (_state.IsNobody) Log.Nobody(_logger);
    }

    public SpiffeServerOptions Options => _state.Options;

    /// <summary>Gets the pattern; <see langword="null"/> means every member of our own trust domain.</summary>
    public SpiffeIdPattern? Pattern => _state.Pattern;

    public IChangeToken GetChangeToken() => Volatile.Read(ref _changed);

    public void Dispose() => _reload?.Dispose();

    // Files that change together cause concurrent reloads: one of them reads again until it has seen the last change.
    private void Reload()
    {
        if (Interlocked.Increment(ref _reloads) > 1) return;
        int seen;
        do
        {
            seen = Volatile.Read(ref _reloads);
            TakeUp();
        }
        while (Interlocked.CompareExchange(ref _reloads, 0, seen) != seen);
    }

    // Not IOptionsMonitor, which throws a validation error in the code that reloads the file.
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "After any error in the configuration, or in code that sets options, the previous settings are kept.")]
    private void TakeUp()
    {
        var before = _state;
        State next;
        try
        {
            _section.Create(Default);
            next = Read();
            var lost = next.MissingFrom(before).ToArray();
            if (lost.Length > 0) throw new OptionsValidationException(Default, typeof(SpiffeServerOptions), lost);
        }
        catch (Exception e)
        {
            Refuse(e is OptionsValidationException mistakes ? string.Join(' ', mistakes.Failures) : $"{e.GetType().Name}: {e.Message}");
            return;
        }

        (_state, _told) = (next, null);
        if (next.SameAs(before)) return;
        Interlocked.Exchange(ref _changed, NewSignal()).Fire();
        Log.Changed(_logger, PatternList.Describe(next.Pattern));
        if (next.IsNobody) Log.Nobody(_logger);
    }

    private State Read() => new(_factory.Create(Default), SpiffeServerOptionsSetup.Read(new(), _configuration).Given);

    private void Refuse(string mistakes)
    {
        // A file that is saved may be read several times.
        if (mistakes == _told) return;
        _told = mistakes;
        Log.Refused(_logger, mistakes);
    }

    private ChangeSignal NewSignal() => new(problem => Log.SubscriberFailed(_logger, problem));

    private sealed class State(SpiffeServerOptions options, IReadOnlyDictionary<string, int> given)
    {
        private readonly IReadOnlyDictionary<string, int> _given = given;

        public SpiffeServerOptions Options { get; } = options;

        public SpiffeIdPattern? Pattern { get; } = PatternList.Compile(options.AllowedPeers);

        public bool IsNobody => SpiffeIdPattern.None.Equals(Pattern);

        public bool SameAs(State other) => Equals(Pattern, other.Pattern) && Options.SameAs(other.Options);

        /// <summary>Finds settings that were removed: a file that was deleted or is only partly saved must not change the allowed peers.</summary>
        /// <remarks>A key may also fall back to an earlier configuration source, because the one that overrode it is missing.</remarks>
        public IEnumerable<string> MissingFrom(State before)
        {
            if (SameAs(before)) return [];
            var lost = before._given.Where(was => _given.GetValueOrDefault(was.Key, -1) < was.Value).Select(was => was.Key).ToList();
            if (lost.Count == 0 && before.Pattern is not null && Pattern is null) lost.Add(nameof(Options.AllowedPeers));
            return lost.Select(key => $"{SectionReader.PathOf(key)}: was set, and has been removed from its source. Write the intended value; the removal is applied only after a restart.");
        }
    }

    /// <seealso cref="LogCategories.AllowedPeers"/>
    private static partial class Log
    {
        /// <summary>A reloaded configuration changed the allowed peers, or when connections are closed. It is applied; open connections are checked against it too.</summary>
        /// <remarks>Compare the message with the intended configuration.</remarks>
        [LoggerMessage(1, LogLevel.Information, "The configuration was reloaded. Allowed peers: {AllowedPeers}.", EventName = "AllowedPeersChanged")]
        public static partial void Changed(ILogger logger, string allowedPeers);

        /// <summary>A reloaded configuration has an error, or lacks a setting that it had. The previous settings are kept.</summary>
        /// <remarks>Correct what the message names and save again; do not restart before, because an error fails the start. To remove a setting, remove it and restart.</remarks>
        [LoggerMessage(2, LogLevel.Error, "The reloaded configuration is invalid and was rejected; the previous one is kept. {Mistakes}", EventName = "AllowedPeersRefused")]
        public static partial void Refused(ILogger logger, string mistakes);

        /// <summary>A subscriber to changed settings threw an exception. The new settings are applied to new handshakes; open connections may not have been checked.</summary>
        /// <remarks>Report it, with the exception. A restart closes connections that may have stayed open.</remarks>
        [LoggerMessage(3, LogLevel.Error, "A subscriber to changes of the allowed peers failed; the new ones are applied nevertheless.", EventName = "AllowedPeersSubscriberFailed")]
        public static partial void SubscriberFailed(ILogger logger, Exception exception);

        /// <summary>The list of allowed peers is set and empty, so every peer is rejected as <c>NotAllowed</c>.</summary>
        /// <remarks>List the peers in <c>Spiffe:AllowedPeers</c>. To allow the members of our own trust domain, remove the key and restart.</remarks>
        [LoggerMessage(4, LogLevel.Warning, "Spiffe:AllowedPeers is empty: no peer is allowed to connect.", EventName = "NobodyAllowed")]
        public static partial void Nobody(ILogger logger);
    }
}
