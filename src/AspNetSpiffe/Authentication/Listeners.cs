using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe;

/// <summary>Says whether somebody wants to hear what the framework logs and measures when it says yes: that it alone can tell.</summary>
internal sealed class Listeners : IDisposable
{
    private readonly MeterListener _published = new();
    private readonly ILogger _authenticationLog;
    private readonly ILogger _authorizationLog;
    private Instrument? _authentication;
    private Instrument? _authorization;

    public Listeners(IMeterFactory meters, ServerNotifications notifications)
    {
        var guarded = notifications.GuardedLoggers;
        (_authenticationLog, _authorizationLog) = (guarded.CreateLogger<SpiffeAuthenticationHandler>(), guarded.CreateLogger<DefaultAuthorizationService>());
        _published.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope != meters) return;
            if (instrument.Name == "aspnetcore.authentication.authenticate.duration") _authentication = instrument;
            if (instrument.Name == "aspnetcore.authorization.attempts") _authorization = instrument;
        };
        _published.Start();
    }

    public bool HearAuthentication => Hear(_authenticationLog, _authentication);

    public bool HearAuthorization => Hear(_authorizationLog, _authorization);

    public void Dispose() => _published.Dispose();

    // As long as the framework has not made an instrument, nobody knows who will listen to it.
    private static bool Hear(ILogger log, Instrument? instrument) => instrument is not { Enabled: false } || log.IsEnabled(LogLevel.Debug);
}
