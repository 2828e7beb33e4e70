using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Configures the hosts that are built while a factory starts, through the same diagnostic event by which the factory itself gets the application's builder.</summary>
/// <remarks>
/// Not <c>factory.WithWebHostBuilder(…)</c>: the derived factory does not inherit <c>UseKestrel()</c>, and a factory derived from a derived one is never disposed.
/// </remarks>
internal sealed class HostBuilding : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private static readonly AsyncLocal<HostBuilding?> Current = new();

    private readonly Action<IServiceCollection> _configure;
    private bool _isBuilt;

    private HostBuilding(Action<IServiceCollection> configure) => _configure = configure;

    /// <summary>Starts a factory, and configures the services of its host last.</summary>
    /// <returns>Whether a host was built; false if the factory had already started.</returns>
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

    // The listener is disposed when its host is built, and our subscription with it.
    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting") value.Subscribe(this);
    }

    // Other tests may build hosts concurrently; the application's host is the one that start() builds, on any thread.
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
