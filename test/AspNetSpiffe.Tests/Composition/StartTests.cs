using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Nothing listens before the first SVID, and a start that fails says why.</summary>
public sealed class StartTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact]
    public async Task A_start_without_agent_fails_and_says_where_it_looked_and_what_to_do()
    {
        ExpectWarning("AgentUnavailable");
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", "unix:///nowhere/agent.sock"));
        builder.WebHost.UseSpiffeMtls();

        var error = await FailStartAsync(builder, "AgentUnavailable");
        Assert.Contains("'unix:///nowhere/agent.sock'", error.Message, StringComparison.Ordinal);
        Assert.Contains("The directory '/nowhere' does not exist", error.Message, StringComparison.Ordinal);
        Assert.Contains("start the agent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_without_registration_says_so()
    {
        ExpectWarning("AgentUnavailable");
        Agent.Unregister("server");
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();

        var error = await FailStartAsync(builder, "AgentUnavailable");
        Assert.Contains("PermissionDenied: no identity issued", error.Message, StringComparison.Ordinal);
        Assert.Contains("registration entry", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_waits_for_an_identity_that_comes_late()
    {
        ExpectWarning("AgentUnavailable");
        Agent.Unregister("server");
        var builder = Builder(("urls", "https://127.0.0.1:0"));
        builder.WebHost.UseSpiffeMtls();

        var starting = StartAsync(builder);
        await WaitForAsync("AgentUnavailable", Timeout);
        Assert.False(starting.IsCompleted);
        Agent.Register("server", new DevIdentity("/server"));

        using var client = await ClientAsync(await starting);
        Assert.Equal("spiffe://example.org/client", await GetAsync(client));
    }

    [Fact]
    public async Task All_mistakes_in_the_options_come_at_once_with_their_keys()
    {
        var builder = Builder(
            ("urls", "https://127.0.0.1:0"),
            ("Spiffe:EndpointSocket", "unix://tmp/agent.sock"),
            ("Spiffe:StartupTimeout", "-00:00:05"),
            ("Spiffe:Identity", "spiffe://example.org"),
            ("Spiffe:Retry:Jitter", "2"));
        builder.WebHost.UseSpiffeMtls();
        ExpectWarning("SettingsRefused");
        AllowWarning("HostedServiceStartupFaulted");

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartAsync(builder));
        Assert.Contains("Spiffe:EndpointSocket: 'unix://tmp/agent.sock'", error.Message, StringComparison.Ordinal);
        Assert.Contains("Spiffe:StartupTimeout", error.Message, StringComparison.Ordinal);
        Assert.Contains("Spiffe:Identity", error.Message, StringComparison.Ordinal);
        Assert.Contains("Spiffe:Retry:Jitter: must be from 0 to 0.9, but is 2.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pattern_that_is_none_fails_the_start_with_its_key()
    {
        var builder = Builder(
            ("urls", "https://127.0.0.1:0"), ("Spiffe:AllowedPeers:0", "spiffe://example.org/**"), ("Spiffe:AllowedPeers:1", "spiffe://*/x"));
        builder.WebHost.UseSpiffeMtls();
        ExpectWarning("SettingsRefused");
        AllowWarning("HostedServiceStartupFaulted");

        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartAsync(builder));
        Assert.Contains("Spiffe:AllowedPeers:1", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Spiffe:AllowedPeers:0", error.Message, StringComparison.Ordinal);
    }
}
