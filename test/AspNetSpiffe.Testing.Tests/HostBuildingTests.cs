using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe.Testing.Tests;

/// <summary>What a factory takes for the host of its application: one that is built while the factory starts it.</summary>
public sealed class HostBuildingTests
{
    [Fact]
    public void A_host_that_is_built_meanwhile_is_taken() => Assert.True(HostBuilding.Configure(() => Host.CreateEmptyApplicationBuilder(null).Build().Dispose(), _ => { }));

    [Fact]
    public async Task That_of_a_development_agent_is_not()
    {
        var starting = Task.FromResult<DevAgent>(null!);
        Assert.False(HostBuilding.Configure(() => Task.WaitAny(starting = DevAgent.StartAsync(new DevAgentOptions().AddWorkload("web", "/web"))), _ => { }));
        await (await starting).DisposeAsync();
    }
}
