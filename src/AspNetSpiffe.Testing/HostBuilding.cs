using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Configures the hosts that are built while a factory starts, by the event that the factory itself comes by the application's builder with.</summary>
/// <remarks>
/// Not <c>factory.WithWebHostBuilder(…)</c>: the factory that it derives does not take over <c>UseKestrel()</c>, and one that is derived from a derived one is disposed with nobody.
/// </remarks>
internal sealed class HostBuilding : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private static readonly AsyncLocal<HostBuilding?> Current = new();

    private readonly Action<IServiceCollection> _configure;
    private bool _isBuilt;

    private HostBuilding(Action<IServiceCollection> configure) => _configure = configure;

    /// <summary>Starts a factory, and configures the services of its host after all others.</summary>
    /// <returns>Whether a host was built: there was none yet.</returns>
    public static bool Configure(Action start, Action<IServiceCollection> configure)
    {
        var building = new HostBuilding(configure);
        Current.Value = building;
        using var listening = DiagnosticListener.AllListeners.Subscribe(building);
        try
        {
            start();
        }
        finally
        {
            Current.Value = null;
        }

        return building._isBuilt;
    }

    // The listener goes with the build of its host, and our subscription with it.
    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting") value.Subscribe(this);
    }

    // Other tests build hosts meanwhile; the application's is built by what start() has called, on whatever thread.
    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (Current.Value != this || value is not { Key: "HostBuilding", Value: IHostBuilder builder }) return;
        _isBuilt = true;
        builder.ConfigureServices((_, services) => _configure(services));
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
