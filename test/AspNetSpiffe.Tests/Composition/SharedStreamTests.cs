using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Several hosts of one process over one Workload API.</summary>
public sealed class SharedStreamTests(ITestOutputHelper output) : MeshTest(output)
{
    private readonly TestPki _pki = new("example.org");
    private FakeAgent _fake = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _fake = Keep(await FakeAgent.StartAsync());
        _fake.Send(_pki.Response(_pki.Leaf("/server")));
    }

    [Fact]
    public async Task Servers_and_clients_of_one_process_open_one_stream_and_are_renewed_together()
    {
        var servers = new[] { await StartServerAsync(), await StartServerAsync() };
        var source = Keep(await X509Source.StartAsync(new() { EndpointSocket = _fake.Address }, Loggers, Timeout));
        using var client = Client(AddressOf(servers[1]), SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse("spiffe://example.org/**")));
        Assert.Equal("spiffe://example.org/server", await GetAsync(client));

        // The first host goes; the stream that it opened stays.
        await servers[0].StopAsync(Timeout);
        var renewed = new[] { source, servers[1].Services.GetRequiredService<X509Source>() }.Select(s => s.GetChangeToken().ChangedAsync(Timeout)).ToArray();
        _fake.Send(_pki.Response(_pki.Leaf("/renewed")));
        await Task.WhenAll(renewed);
        Assert.Equal("spiffe://example.org/renewed", await GetAsync(client));
        Assert.Single(_fake.Calls);

        await servers[1].StopAsync(Timeout);
        await source.DisposeAsync();
        await _fake.Calls[0].WaitForCancelAsync(Timeout);
    }

    private Task<WebApplication> StartServerAsync()
    {
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", _fake.Address));
        builder.WebHost.UseSpiffeMtls();
        return StartAsync(builder);
    }
}
