using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Workload.Tests.Sources;
using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Workload.Tests.Hosting;

/// <summary>The services in a container alone, without a host, without a configuration.</summary>
public sealed class ContainerTests(ITestOutputHelper output) : SourceTest(output)
{
    [Fact, Trait("Trial", "O-06")]
    public async Task Without_a_configuration_the_options_of_code_and_the_defaults_count()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        await using var services = new ServiceCollection().AddSpiffe(options => options.EndpointSocket = Agent.Address).BuildServiceProvider();
        Assert.Equal(TimeSpan.FromSeconds(30), services.GetRequiredService<IOptions<SpiffeOptions>>().Value.StartupTimeout);

        var source = services.GetRequiredService<X509Source>();
        Assert.Equal("/workload", (await source.EnsureStartedAsync(Patience)).DefaultSvid.Id.Path);
        Assert.Same(source.Current, await source.EnsureStartedAsync(Patience));
        Assert.Single(Agent.Calls);
    }

    [Fact, Trait("Trial", "O-06")]
    public async Task Without_a_configuration_and_without_an_address_the_error_says_what_to_set()
    {
        await using var services = new ServiceCollection().AddSpiffe(options => options.EndpointSocket = "").BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<X509Source>());
        Assert.StartsWith("Spiffe:EndpointSocket: ", error.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "O-06")]
    public async Task A_configuration_that_is_not_a_root_is_read_too()
    {
        Agent.Send(Pki.Response(Pki.Leaf()));
        var root = new ConfigurationBuilder().AddInMemoryCollection([new("Inner:Spiffe:EndpointSocket", Agent.Address), new("Inner:Spiffe:Retry:Jitter", "0")]).Build();
        await using var services = new ServiceCollection().AddSingleton<IConfiguration>(root.GetSection("Inner")).AddSpiffe().BuildServiceProvider();
        await services.GetRequiredService<X509Source>().EnsureStartedAsync(Patience);
        Assert.Equal(0, services.GetRequiredService<IOptions<SpiffeOptions>>().Value.Retry.Jitter);
    }

    [Fact, Trait("Trial", "O-06")]
    public async Task A_source_says_why_it_has_no_SVID()
    {
        ExpectWarning("IdentityWithdrawn");
        ExpectWarning("AgentUnavailable");
        var source = Make(options => options.WithdrawalDelay = TimeSpan.Zero);
        AssertAbsent(source, "There is no SVID: its source was never started. Start the host, or call 'X509Source.EnsureStartedAsync()'.");

        var first = source.EnsureStartedAsync(Patience);
        await Agent.WaitForCallAsync(1, Patience);
        AssertAbsent(source, $"There is no SVID yet: the SPIFFE Workload API at '{Agent.Address}' has sent none since the source was started.");

        Agent.Send(Pki.Response(Pki.Leaf()));
        await first;
        var changed = source.GetChangeToken().ChangedAsync(Patience);
        Agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");
        await WaitForAsync("IdentityMissing", Patience);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await changed;
        AssertAbsent(source, $"There is no SVID: the SPIFFE Workload API at '{Agent.Address}' has withdrawn it.");
    }

    private static void AssertAbsent(X509Source source, string why) => Assert.Equal(
        why, Assert.Throws<AuthenticationException>(() => new SpiffeTls(source, SpiffeIdPattern.Any).Configure(new SslServerAuthenticationOptions())).Message);
}
