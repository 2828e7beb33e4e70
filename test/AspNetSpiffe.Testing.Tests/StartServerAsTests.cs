using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe.Testing.Tests;

public sealed class StartServerAsTests(ITestOutputHelper output) : FactoryTest(output)
{
    private const string Orders = "spiffe://example.org/ns/shop/orders";

    [Theory, Trait("Trial", "K-08")]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task The_service_is_who_the_test_says(Server server)
    {
        var factory = Factory(server);
        factory.StartServerAs(Orders);
        factory.StartServerAs(Orders);
        Assert.Equal(Orders, IdentityOf(factory));
        Assert.Equal($"Hello, {Cart}", await factory.CreateClientAs(Cart).GetStringAsync("/hello"));
    }

    [Fact]
    public void The_service_is_of_the_trust_domain_of_its_first_caller()
    {
        var factory = Factory();
        factory.CreateClientAs(Partner);
        Assert.Equal("spiffe://partner.test/service", IdentityOf(factory));
    }

    [Fact]
    public void The_service_is_who_it_asks_to_be()
    {
        var factory = Factory(Server.InMemory, builder => builder.UseSetting("Spiffe:Identity", Orders).UseSetting("Spiffe:Hint", "orders"));
        factory.CreateClientAs(Partner);
        Assert.Equal(Orders, IdentityOf(factory));
    }

    [Fact]
    public void A_server_cannot_become_another()
    {
        var factory = Factory();
        factory.StartServerAs(Orders);
        Assert.Contains($"runs as '{Orders}'", Assert.Throws<InvalidOperationException>(() => factory.StartServerAs(Ledger)).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "K-08")]
    public async Task No_other_agent_is_asked()
    {
        var factory = Factory(Server.InMemory, builder => builder.UseSetting("Spiffe:EndpointSocket", "unix:///nowhere/agent.sock"));
        Assert.Equal($"Hello, {Cart}", await factory.CreateClientAs(Cart).GetStringAsync("/hello"));
    }

    [Fact]
    public async Task A_server_that_was_started_otherwise_is_not_taken()
    {
        await using var agent = await DevAgent.StartAsync(new DevAgentOptions().AddWorkload("orders", "/ns/shop/orders"));
        var factory = Factory(Server.InMemory, builder => builder.UseSetting("Spiffe:EndpointSocket", agent.AddressOf("orders")));
        Assert.Equal("Hello, nobody", await factory.CreateClient().GetStringAsync("/hello"));
        Assert.Contains("was already started", Assert.Throws<InvalidOperationException>(() => factory.CreateClientAs(Cart)).Message, StringComparison.Ordinal);

        // Before its agent.
        await factory.DisposeAsync();
    }

    [Fact]
    public void An_application_without_SPIFFE_is_told_so()
    {
        var factory = Factory(Server.InMemory, builder => builder.UseSetting("Without", "SPIFFE"));
        Assert.Contains("UseSpiffeMtls()", Assert.Throws<InvalidOperationException>(() => factory.CreateClientAs(Cart)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Server.InMemory, true)]
    [InlineData(Server.InMemory, false)]
    [InlineData(Server.Kestrel, true)]
    [InlineData(Server.Kestrel, false)]
    public async Task Nothing_is_left_of_the_agents_when_the_factory_is_disposed(Server server, bool isAsync)
    {
        var factory = Factory(server);
        await factory.CreateClientAs(Cart).GetStringAsync("/hello");
        factory.CreateClientAs(Partner);
        var folders = factory.Services.GetRequiredService<TestAgents>().Addresses.Select(address => Path.GetDirectoryName(address["unix://".Length..])!).Distinct().ToArray();
        Assert.Equal(2, folders.Length);
        Assert.All(folders, folder => Assert.True(Directory.Exists(folder)));

        if (isAsync) await factory.DisposeAsync();
        else factory.Dispose();
        Assert.All(folders, folder => Assert.False(Directory.Exists(folder)));
    }

    [Fact]
    public void Nothing_is_left_of_the_agents_when_the_start_fails()
    {
        string[] sockets = [];
        var factory = Factory(Server.InMemory, builder => builder.ConfigureTestServices(services => services.AddSingleton<IHostedService>(provider => new Failing(() =>
        {
            sockets = [.. provider.GetRequiredService<TestAgents>().Addresses.Select(address => address["unix://".Length..])];
            Assert.All(sockets, socket => Assert.True(File.Exists(socket)));
        }))));
        ExpectWarning("HostedServiceStartupFaulted");
        Assert.Throws<NotSupportedException>(() => factory.StartServerAs(Orders));
        Assert.Equal(2, sockets.Length);
        Assert.All(sockets, socket => Assert.False(Directory.Exists(Path.GetDirectoryName(socket))));
    }

    [Fact]
    public async Task Kestrel_listens_where_the_application_says()
    {
        var factory = Factory(Server.Kestrel, builder => builder.UseUrls("https://127.0.0.1:0", "http://127.0.0.1:0"));
        var client = factory.CreateClientAs(Cart);
        Assert.Equal(("https", "127.0.0.1"), (client.BaseAddress!.Scheme, client.BaseAddress.Host));
        Assert.Equal($"Hello, {Cart}", await client.GetStringAsync("/hello"));
        Assert.Equal("Hello, nobody", await factory.CreateClient().GetStringAsync("/hello"));
    }

    [Fact]
    public async Task The_port_of_the_factory_is_one_for_https()
    {
        await using var factory = new WebApplicationFactory<Program>();
        factory.UseKestrel(0);
        var client = factory.CreateClientAs(Cart);
        Assert.Equal(("https", "127.0.0.1"), (client.BaseAddress!.Scheme, client.BaseAddress.Host));
        Assert.Equal($"Hello, {Cart}", await client.GetStringAsync("/hello"));
    }

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task Tests_that_share_a_factory_share_its_server(Server server)
    {
        var factory = Factory(server);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () => await factory.CreateClientAs($"{Cart}{i}").GetStringAsync("/hello"))));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"Hello, {Cart}{i}"), answers);
        Assert.Single(Logs.All, record => record.Message.StartsWith("Application started", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Factories_that_start_at_the_same_time_have_agents_of_their_own()
    {
        var factories = Enumerable.Range(0, 4).Select(_ => Factory()).ToArray();
        var addresses = await Task.WhenAll(factories.Select((factory, i) => Task.Run(() =>
        {
            factory.StartServerAs($"{Orders}{i}");
            return (Id: IdentityOf(factory), factory.Services.GetRequiredService<X509Source>().Address);
        })));
        Assert.Equal(Enumerable.Range(0, 4).Select(i => $"{Orders}{i}"), addresses.Select(address => address.Id));
        Assert.Equal(4, addresses.Select(address => address.Address).Distinct().Count());
    }

    private static string? IdentityOf(WebApplicationFactory<Program> factory) => factory.Services.GetRequiredService<X509Source>().Current?.DefaultSvid.Id.ToString();

    private sealed class Failing(Action seen) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            seen();
            throw new NotSupportedException("This start fails.");
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
