using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>The development agents of one server under test: the first issues its identity and those of callers in its trust domain; each other trust domain has its own agent.</summary>
/// <remarks>They start before all other services of the host, use its clock, and stop after it. Callers are created one at a time.</remarks>
internal sealed class TestAgents(IServiceProvider services, TestIdentity identity, string folder) : IHostedLifecycleService, IAsyncDisposable
{
    private const string ServiceWorkload = "service";
    private const string CallerWorkload = "callers";

    private static readonly string[] AddressKeys = [WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey];

    private readonly TimeProvider _time = services.GetService<TimeProvider>() ?? TimeProvider.System;
    private readonly Dictionary<TrustDomain, DevAgent> _agents = [];
    private readonly Dictionary<SpiffeId, ServiceProvider> _callers = [];
    private SpiffeId? _service;

    /// <summary>Gets the identity of the server under test.</summary>
    public SpiffeId Service => _service ?? throw new InvalidOperationException("The server under test has not been started.");

    /// <summary>Gets the addresses of the agents' sockets.</summary>
    public IEnumerable<string> Addresses => _agents.Values.SelectMany(agent => agent.Addresses.Values);

    public static string SocketOfService(string folder) => Path.Combine(folder, ServiceWorkload + ".sock");

    /// <summary>Returns the identity of a caller.</summary>
    public async Task<X509Source> SourceOfAsync(SpiffeId caller)
    {
        if (!_callers.TryGetValue(caller, out var own)) own = await AddAsync(caller).ConfigureAwait(false);
        var source = own.GetRequiredService<X509Source>();
        await source.EnsureStartedAsync(CancellationToken.None).ConfigureAwait(false);
        return source;
    }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var options = services.GetRequiredService<IOptions<SpiffeOptions>>().Value;
        _service = identity.For(options);
        var service = new DevIdentity(_service.Path) { Hint = options.Hint ?? "" };
        await StartAgentAsync(_service.TrustDomain, agent =>
        {
            agent.Directory = folder;
            agent.AddWorkload(ServiceWorkload, service);
        }, cancellationToken).ConfigureAwait(false);
    }

    // As late as Kestrel allows: the factory sets the port while the application starts.
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ListenOnHttps(services.GetRequiredService<IServer>(), services.GetRequiredService<IConfiguration>());
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    // A host whose start fails does not stop its services; it only disposes them.
    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers.Values) await caller.DisposeAsync().ConfigureAwait(false);
        foreach (var agent in _agents.Values) await agent.DisposeAsync().ConfigureAwait(false);
    }

    // factory.UseKestrel(port) sets an http address, and without an address Kestrel uses an http one.
    private static void ListenOnHttps(IServer server, IConfiguration configuration)
    {
        if (server.Features.Get<IServerAddressesFeature>() is not { Addresses: var addresses } feature) return;
        if (feature.PreferHostingUrls)
        {
            var https = addresses.Select(address => address.Replace("http://", "https://", StringComparison.OrdinalIgnoreCase)).ToArray();
            addresses.Clear();
            foreach (var address in https) addresses.Add(address);
        }
        else if (addresses.Count == 0 && !NamesAddress(configuration)) addresses.Add("https://127.0.0.1:0");
    }

    private static bool NamesAddress(IConfiguration configuration) =>
        AddressKeys.Any(key => !string.IsNullOrEmpty(configuration[key])) || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    private async Task<ServiceProvider> AddAsync(SpiffeId caller)
    {
        if (!_agents.TryGetValue(caller.TrustDomain, out var agent)) agent = await FederateAsync(caller.TrustDomain).ConfigureAwait(false);
        agent.Register(CallerWorkload, new DevIdentity(caller.Path));

        // The only public way to create a source with another clock.
        var own = new ServiceCollection().AddSingleton(_time).AddSpiffeSources().Configure<SpiffeOptions>(options =>
        {
            options.EndpointSocket = agent.AddressOf(CallerWorkload);
            options.Identity = caller.ToString();
        }).BuildServiceProvider();
        _callers.Add(caller, own);
        return own;
    }

    private async Task<DevAgent> FederateAsync(TrustDomain trustDomain)
    {
        var own = _agents[Service.TrustDomain];
        var other = await StartAgentAsync(trustDomain, _ => { }, CancellationToken.None).ConfigureAwait(false);
        other.AddFederatedBundle(own);
        own.AddFederatedBundle(other);
        await HearOfAsync(trustDomain).ConfigureAwait(false);
        return other;
    }

    // The service receives a new bundle over its stream; wait for it, so that the next handshake uses it.
    private async Task HearOfAsync(TrustDomain trustDomain)
    {
        var (source, stopping) = (services.GetRequiredService<X509Source>(), services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        while (true)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = source.GetChangeToken().RegisterChangeCallback(_ => changed.TrySetResult(), null);
            if (source.Current?.Bundles.Find(trustDomain) is not null) return;
            await changed.Task.WaitAsync(stopping).ConfigureAwait(false);
        }
    }

    private async Task<DevAgent> StartAgentAsync(TrustDomain trustDomain, Action<DevAgentOptions> configure, CancellationToken cancellationToken)
    {
        var options = new DevAgentOptions { TrustDomain = trustDomain, TimeProvider = _time }.AddWorkload(CallerWorkload);
        configure(options);
        return _agents[trustDomain] = await DevAgent.StartAsync(options, cancellationToken).ConfigureAwait(false);
    }
}
