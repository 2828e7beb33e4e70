using AspNetSpiffe.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.AgentTests;

/// <summary>The agent inside an application.</summary>
public sealed class AddSpiffeDevAgentTests : AgentTest
{
    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public void It_refuses_every_environment_but_Development(string environment)
    {
        var builder = NewBuilder(environment);
        var refused = Assert.Throws<InvalidOperationException>(() => builder.AddSpiffeDevAgent());
        Assert.Contains($"'{environment}'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_serves_before_services_that_were_added_earlier_start_and_until_they_have_stopped()
    {
        var builder = NewBuilder("Development");
        var early = new Early();
        builder.Services.AddSingleton<IHostedService>(services =>
        {
            early.Services = services;
            return early;
        });
        builder.AddSpiffeDevAgent(agent => agent.AddWorkload("web", "/web").AddWorkload("client", "/client"));
        using var host = builder.Build();

        await host.StartAsync(Patience);
        Assert.Equal("spiffe://example.org/web", early.SeenAtStart);
        var folder = Path.GetDirectoryName(host.Services.GetRequiredService<DevAgent>().AddressOf("client")["unix://".Length..]);
        Assert.True(Directory.Exists(folder));

        await host.StopAsync(Patience);
        Assert.Equal("spiffe://example.org/web", early.SeenAtStop);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task Without_a_workload_the_application_gets_an_identity_of_its_own_name()
    {
        var builder = NewBuilder("Development");
        builder.AddSpiffeDevAgent();
        using var host = builder.Build();
        await host.StartAsync(Patience);

        using var client = new AgentClient(host.Services.GetRequiredService<IOptions<SpiffeOptions>>().Value.EndpointSocket!);
        Assert.Equal("spiffe://example.org/My-Shop", (await client.FetchX509Async(Patience)).Svids[0].SpiffeId);
        await host.StopAsync(Patience);
    }

    [Fact]
    public async Task A_host_whose_start_fails_leaves_nothing_behind()
    {
        var builder = NewBuilder("Development");
        builder.Services.AddHostedService<Failing>();
        builder.AddSpiffeDevAgent(agent => agent.Directory = Path.Combine(Folder, "agent"));
        using (var host = builder.Build()) await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync(Patience));

        Assert.False(Directory.Exists(Path.Combine(Folder, "agent")));
    }

    [Fact]
    public void A_second_agent_in_one_application_is_refused()
    {
        var builder = NewBuilder("Development");
        builder.AddSpiffeDevAgent();
        Assert.Throws<InvalidOperationException>(() => builder.AddSpiffeDevAgent());
    }

    [Fact]
    public void The_agent_before_the_start_of_its_host_is_refused_with_the_reason()
    {
        var builder = NewBuilder("Development");
        builder.AddSpiffeDevAgent();
        using var host = builder.Build();
        Assert.Contains("has not been started", Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<DevAgent>).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "O-10")]
    public async Task One_warning_says_that_it_is_for_development_and_names_sockets_and_IDs()
    {
        var (builder, logs) = (NewBuilder("Development"), new LogRecords());
        builder.Logging.AddProvider(logs);
        builder.AddSpiffeDevAgent(agent => agent.AddWorkload("web", "/web").AddWorkload("pair", new DevIdentity("/a"), new DevIdentity("/b")));
        using var host = builder.Build();
        await host.StartAsync(Patience);
        var agent = host.Services.GetRequiredService<DevAgent>();

        var warning = Assert.Single(logs.All, record => record.Level >= LogLevel.Warning);
        Assert.Equal("DevAgentStarted", warning.Event.Name);
        Assert.Contains("not for production", warning.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"spiffe://example.org/web at {agent.AddressOf("web")}; spiffe://example.org/a, spiffe://example.org/b at {agent.AddressOf("pair")}.", warning.Message, StringComparison.Ordinal);
        await host.StopAsync(Patience);
    }

    [Theory, Trait("Trial", "O-10")]
    [InlineData("configuration")]
    [InlineData("configuration, and nothing else uses SPIFFE")]
    [InlineData("code before")]
    [InlineData("code after")]
    [InlineData("environment")]
    public async Task An_agent_that_is_named_explicitly_wins_and_a_line_says_so(string where)
    {
        var real = await StartAgentAsync(new DevIdentity("/real"));
        var address = real.AddressOf("web");
        var (builder, logs) = (NewBuilder("Development"), new LogRecords());
        builder.Logging.AddProvider(logs);
        var own = Path.Combine(Folder, "own");
        if (where.StartsWith("configuration", StringComparison.Ordinal)) builder.Configuration["Spiffe:EndpointSocket"] = address;
        if (where == "configuration") builder.Services.AddSpiffe();
        if (where == "code before") builder.Services.AddSpiffe(options => options.EndpointSocket = address);
        builder.AddSpiffeDevAgent(agent => agent.Directory = own);
        if (where == "code after") builder.Services.AddSpiffe(options => options.EndpointSocket = address);

        Environment.SetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET", where == "environment" ? address : null);
        try
        {
            using var host = builder.Build();
            await host.StartAsync(Patience);
            Assert.Contains(address, Assert.Single(logs.All, record => record.Event.Name == "DevAgentNotStarted").Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(own));
            Assert.Contains("was not started, because", Assert.Throws<InvalidOperationException>(host.Services.GetRequiredService<DevAgent>).Message, StringComparison.Ordinal);
            if (where != "environment" && !where.EndsWith("SPIFFE", StringComparison.Ordinal)) Assert.Equal(address, host.Services.GetRequiredService<X509Source>().Address!.ToString());
            await host.StopAsync(Patience);
        }
        finally
        {
            Environment.SetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET", null);
        }
    }

    [Theory]
    [InlineData("the settings 'Spiffe:Files' are used", "files of the configuration")]
    [InlineData("the settings 'Spiffe:Files' are used", "files of code")]
    [InlineData("code provides the identity ('SpiffeOptions.Provider')", "code")]
    public async Task An_identity_that_comes_from_elsewhere_wins_and_a_line_says_so(string reason, string where)
    {
        var (builder, logs) = (NewBuilder("Development"), new LogRecords());
        builder.Logging.AddProvider(logs);
        builder.AddSpiffeDevAgent();
        if (where == "files of the configuration") builder.Configuration["Spiffe:Files:Layout"] = "CertManager";
        builder.Services.AddSpiffeSources().Configure<SpiffeOptions>(options =>
        {
            if (where != "code") options.Files.Directory = Folder;
            if (where == "files of code") options.Files.Layout = SpiffeFileLayout.CertManager;
            if (where == "code") options.Provider = _ => throw new InvalidOperationException();
        });
        using var host = builder.Build();
        await host.StartAsync(Patience);
        Assert.Contains(reason, Assert.Single(logs.All, record => record.Event.Name == "DevAgentNotStarted").Message, StringComparison.Ordinal);
        await host.StopAsync(Patience);
    }

    private static HostApplicationBuilder NewBuilder(string environment) =>
        Host.CreateEmptyApplicationBuilder(new() { EnvironmentName = environment, ApplicationName = "My Shop" });

    private sealed class Early : IHostedService
    {
        public IServiceProvider? Services { get; set; }

        public string? SeenAtStart { get; private set; }

        public string? SeenAtStop { get; private set; }

        public async Task StartAsync(CancellationToken cancellationToken) => SeenAtStart = await FetchAsync(cancellationToken);

        public async Task StopAsync(CancellationToken cancellationToken) => SeenAtStop = await FetchAsync(cancellationToken);

        private async Task<string> FetchAsync(CancellationToken cancellationToken)
        {
            using var client = new AgentClient(Services!.GetRequiredService<IOptions<SpiffeOptions>>().Value.EndpointSocket!);
            return (await client.FetchX509Async(cancellationToken)).Svids[0].SpiffeId;
        }
    }

    private sealed class Failing : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("this service always fails");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
