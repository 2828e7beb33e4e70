using AspNetSpiffe;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.AppHost;

/// <summary>Identities for the resources of an app host, by a development agent inside it.</summary>
internal static class SpiffeDevAgentExtensions
{
    /// <summary>Adds an agent, which ends with the app host; its authority is in memory, so what it has issued ends too.</summary>
    public static DevIdentities AddSpiffeDevAgent(this IDistributedApplicationBuilder builder, string trustDomain)
    {
        var identities = new DevIdentities(TrustDomain.Parse(trustDomain));
        builder.Services.AddHostedService(_ => identities);
        return identities;
    }

    /// <summary>Gives a resource this identity and no other: a socket of its own. Where the application is published nothing is set, for there is another agent.</summary>
    public static IResourceBuilder<T> WithSpiffeId<T>(this IResourceBuilder<T> resource, DevIdentities identities, string path)
        where T : IResourceWithEnvironment, IResourceWithArgs
    {
        var name = resource.Resource.Name;
        identities.Add(name, path);

        // Aspire gives Kestrel the certificate for development, where the machine has one; a service that shows its SVID refuses to start with it.
        return resource.WithoutHttpsCertificate().WithEnvironment(async context =>
        {
            if (context.ExecutionContext.IsRunMode) context.EnvironmentVariables["SPIFFE_ENDPOINT_SOCKET"] = await identities.AddressOfAsync(name);
        });
    }
}

/// <summary>The agent, which starts when the first resource asks for its address: by then all identities have been said.</summary>
internal sealed class DevIdentities : IHostedService
{
    private readonly DevAgentOptions _options;
    private readonly Lazy<Task<DevAgent>> _agent;

    public DevIdentities(TrustDomain trustDomain)
    {
        _options = new() { TrustDomain = trustDomain };
        _agent = new(() => DevAgent.StartAsync(_options));
    }

    public void Add(string workload, string path) => _options.AddWorkload(workload, path);

    public async Task<string> AddressOfAsync(string workload) => (await _agent.Value).AddressOf(workload);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_agent.IsValueCreated) await (await _agent.Value).DisposeAsync();
    }
}
