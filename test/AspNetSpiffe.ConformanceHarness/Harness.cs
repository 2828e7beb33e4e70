namespace AspNetSpiffe.ConformanceHarness;

/// <summary>Both ports, from the first line to SIGTERM.</summary>
internal sealed class Harness : IAsyncDisposable
{
    private readonly X509Port _x509;
    private readonly WebApplication _control;

    public Harness()
    {
        _x509 = new();
        _control = ControlPort.Create(_x509);
    }

    /// <summary>Announces the ports and serves until the process is told to stop.</summary>
    /// <param name="readyAfter">How long READY waits for the first SVID. The contract asks for one; without an agent, the control port answers all the same.</param>
    public async Task RunAsync(TimeSpan readyAfter)
    {
        await _control.StartAsync();
        Console.WriteLine($"SPIFFE_HARNESS_VERSION=1\nSPIFFE_X509_PORT={_x509.Port}\nSPIFFE_CONTROL_PORT={ControlPort.PortOf(_control)}");

        var stopping = _control.Lifetime.ApplicationStopping;
        var serving = _x509.ServeAsync(stopping);
        await _x509.WaitForFirstSvidAsync(readyAfter, stopping);
        if (!stopping.IsCancellationRequested) Console.WriteLine("READY");

        await _control.WaitForShutdownAsync();
        await serving;
    }

    public async ValueTask DisposeAsync()
    {
        await _control.DisposeAsync();
        await _x509.DisposeAsync();
    }
}
