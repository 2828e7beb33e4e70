using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Adds the agents of a test to a host.</summary>
internal static class TestAgentsServiceCollectionExtensions
{
    /// <summary>Adds the agents to a host that speaks SPIFFE; to others, such as the agents' own, nothing.</summary>
    public static void AddTestAgents(this IServiceCollection services, TestIdentity identity)
    {
        if (!services.Any(service => service.ServiceType == typeof(X509Source))) return;

        // Known before the agents start, for options are read before that.
        var folder = Path.Combine(Path.GetTempPath(), $"aspnet-spiffe-test-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        services.AddSingleton(provider => new TestAgents(provider, identity, folder));
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(provider => provider.GetRequiredService<TestAgents>()));
        services.PostConfigure<SpiffeOptions>(options =>
        {
            options.EndpointSocket = ToAddress(TestAgents.SocketOfService(folder));

            // Where it has its identity and its bundles from in production, a test has none, and asks nobody.
            (options.Files, options.Provider) = (new(), null);
            options.Federation.Clear();
            options.Revocation.Lists.Clear();
        });
    }

    // A path may hold what has a meaning in a URI.
    private static string ToAddress(string path) => "unix://" + new PathString(path.Replace("%", "%25", StringComparison.Ordinal)).ToUriComponent();
}
