using AspNetSpiffe;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.AppHost;

/// <summary>Gives the resources of an app host SPIFFE identities, with a development agent in the app host.</summary>
internal static class SpiffeDevAgentExtensions
{
    /// <summary>Adds an agent, which ends with the app host. Its CA is in memory, so its SVIDs are invalid after that.</summary>
    public static DevIdentities AddSpiffeDevAgent(this IDistributedApplicationBuilder builder, string trustDomain)
    {
        var identities = new DevIdentities(TrustDomain.Parse(trustDomain));
        builder.Services.AddHostedService(_ => identities);
        return identities;
    }

    /// <summary>Gives a resource an identity through its own socket. Nothing is set in publish mode, because the deployed application uses another agent.</summary>
    public static IResourceBuilder<T> WithSpiffeId<T>(this IResourceBuilder<T> resource, DevIdentities identities, string path)
        where T : IResourceWithEnvironment, IResourceWithArgs
    {
        var name = resource.Resource.Name;
        identities.Add(name, path);

        // Aspire sets the developer certificate for Kestrel if there is one; a service that presents its SVID fails to start with another certificate.
        return resource.WithoutHttpsCertificate().WithEnvironment(async context =>
        {
            if (context.ExecutionContext.IsRunMode) context.EnvironmentVariables["SPIFFE_ENDPOINT_SOCKET"] = await identities.AddressOfAsync(name);
        });
    }
}

/// <summary>The agent. It starts when the first resource requests its address, because all identities are known by then.</summary>
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
