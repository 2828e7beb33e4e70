using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe;

/// <summary>Adds the agents of a test to a host.</summary>
internal static class TestAgentsServiceCollectionExtensions
{
    /// <summary>Adds the agents to a host with SPIFFE; changes no other host, such as those of the agents.</summary>
    public static void AddTestAgents(this IServiceCollection services, TestIdentity identity)
    {
        if (!services.Any(service => service.ServiceType == typeof(X509Source))) return;

        // Set before the agents start, because options are read earlier.
        var folder = Path.Combine(Path.GetTempPath(), $"aspnet-spiffe-test-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
        services.AddSingleton(provider => new TestAgents(provider, identity, folder));
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(provider => provider.GetRequiredService<TestAgents>()));
        services.PostConfigure<SpiffeOptions>(options =>
        {
            options.EndpointSocket = ToAddress(TestAgents.SocketOfService(folder));

            // The production origins of identity and bundles are not used in a test.
            (options.Files, options.Provider) = (new(), null);
            options.Federation.Clear();
            options.Revocation.Lists.Clear();
        });
    }

    // A path may contain characters that are special in a URI.
    private static string ToAddress(string path) => "unix://" + new PathString(path.Replace("%", "%25", StringComparison.Ordinal)).ToUriComponent();
}
