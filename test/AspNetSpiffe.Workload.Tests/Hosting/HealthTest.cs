using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Workload.Tests.Hosting;

/// <summary>The health checks of a host over the agent, whose clock only the test moves.</summary>
public abstract class HealthTest(ITestOutputHelper output) : AgentTest(output)
{
    private ServiceProvider? _services;

    protected ManualTime Time { get; } = new();

    protected IServiceProvider Services => _services!;

    protected MeterReadings Readings { get; private set; } = null!;

    protected override async ValueTask StopAsync()
    {
        if (_services is not null) await _services.DisposeAsync();
        Readings?.Dispose();
        await base.StopAsync();
    }

    /// <summary>Builds the services of a host.</summary>
    /// <param name="hasIdentity">Whether it starts with an identity.</param>
    /// <param name="change">Changes the options.</param>
    /// <param name="failure">The status of a check that fails.</param>
    protected void Build(bool hasIdentity = true, Action<SpiffeOptions>? change = null, HealthStatus? failure = null)
    {
        var services = new ServiceCollection().AddSingleton(Loggers).AddSingleton(typeof(ILogger<>), typeof(Logger<>)).AddSingleton<TimeProvider>(Time).AddMetrics();
        services.Configure<SpiffeOptions>(options => options.EndpointSocket = Agent.Address);
        if (change is not null) services.Configure(change);
        services.AddHealthChecks().AddSpiffe(failure, ["ready"]);
        AllowWarning("HealthCheckEnd");
        if (hasIdentity) services.AddSpiffe();
        _services = services.BuildServiceProvider();
        Readings = new(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
    }

    /// <summary>Starts the identity, with one good SVID.</summary>
    protected async Task<X509Source> StartAsync(TestSvid? svid = null, params TestPki[] federated)
    {
        Agent.Send(Pki.Response(svid ?? Pki.Leaf("/web"), federated));
        var source = Services.GetRequiredService<X509Source>();
        source.Start();
        await source.WaitForFirstAsync(Patience);
        await Readings.WaitForAsync("spiffe.watch.updates", 1, Patience);
        return source;
    }

    /// <summary>Asks one check, or all: the result of one as 'status: description'.</summary>
    protected async Task<HealthReportEntry> CheckAsync(string name) =>
        (await Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(registration => registration.Name == name, Patience)).Entries[name];

    protected static void AssertIs(HealthStatus status, string description, HealthReportEntry entry)
    {
        Assert.StartsWith(description, entry.Description, StringComparison.Ordinal);
        Assert.Equal(status, entry.Status);
    }
}
