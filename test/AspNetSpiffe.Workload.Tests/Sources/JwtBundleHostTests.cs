using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Workload.Tests.Sources;

/// <summary>A host that takes no tokens never asks for JWT bundles.</summary>
public sealed class JwtBundleHostTests(ITestOutputHelper output) : JwtBundleSourceTest(output)
{
    [Fact]
    public async Task A_host_has_one_source_that_begins_when_it_is_first_asked_for_and_ends_with_the_host()
    {
        Agent.Greeting = Message(("td", [("k1", Key)]));
        await using (var host = MakeHost())
        {
            Assert.NotNull(host.GetRequiredService<X509Source>());
            Assert.Empty(Agent.Calls);

            var source = host.GetRequiredService<JwtBundleSource>();
            Assert.Same(source, host.GetRequiredService<JwtBundleSource>());
            await source.WaitForFirstAsync(Patience);
            Assert.True(source.Verify(Token(Key), Us).Accepted);
        }

        await Agent.Calls.Single().WaitForCancelAsync(Patience);
    }

    [Fact]
    public async Task A_host_that_adds_SPIFFE_twice_has_one_source_all_the_same()
    {
        await using var host = MakeHost();
        Assert.Single(host.GetServices<JwtBundleSource>());
    }

    private ServiceProvider MakeHost() => new ServiceCollection()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
        .AddSingleton<TimeProvider>(Time)
        .AddSingleton(Loggers)
        .AddSpiffe()
        .AddSpiffe(options => options.EndpointSocket = Agent.Address)
        .BuildServiceProvider();
}
