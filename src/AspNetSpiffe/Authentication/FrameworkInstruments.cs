using System.Diagnostics.Metrics;

namespace AspNetSpiffe;

/// <summary>The instruments by which the framework measures authentication and authorization, once it has made them. Who enables one wants the framework to do the work.</summary>
internal sealed class FrameworkInstruments : IDisposable
{
    private readonly MeterListener _listener = new();

    public FrameworkInstruments(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope != meters) return;
            if (instrument.Name == "aspnetcore.authentication.authenticate.duration") Authentication = instrument;
            if (instrument.Name == "aspnetcore.authorization.attempts") Authorization = instrument;
        };
        _listener.Start();
    }

    public Instrument? Authentication { get; private set; }

    public Instrument? Authorization { get; private set; }

    public void Dispose() => _listener.Dispose();
}
