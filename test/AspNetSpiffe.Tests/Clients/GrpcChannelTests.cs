using System.Collections.Concurrent;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>Channels of Grpc.Net.Client over our handler, with its own load balancing.</summary>
public sealed class GrpcChannelTests(ITestOutputHelper output) : MeshTest(output)
{
    private static readonly Marshaller<string> Text = Marshallers.Create(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);
    private static readonly Method<string, string> WhoAmI = new(MethodType.Unary, "test.Test", "WhoAmI", Text, Text);

    [Fact, Trait("Trial", "C-04"), Trait("Spec", "XV-ah")]
    public async Task Loads_are_balanced_over_servers_that_are_each_verified()
    {
        var called = new ConcurrentQueue<int>();
        var (first, second) = (await StartGreeterAsync(1, called), await StartGreeterAsync(2, called));
        var source = await SourceAsync("client");
        using var channel = Channel(SpiffeHttpHandler.Create(source, SpiffeIdPattern.Parse(Expected)), first, second);

        await channel.ConnectAsync(Timeout);
        Assert.Equal(ConnectivityState.Ready, channel.State);
        await CallUntilAsync(channel, called, 1, 2);

        // The connections of the old SVID are left, and the subchannels give new ones.
        await RotateAsync("client", source);
        called.Clear();
        await CallUntilAsync(channel, called, 1, 2);
    }

    [Fact, Trait("Trial", "C-04"), Trait("Spec", "XV-ah")]
    public async Task A_subchannel_to_another_server_than_is_meant_is_refused_and_hears_nothing()
    {
        var called = new ConcurrentQueue<int>();
        var good = await StartGreeterAsync(1, called);
        var builder = Builder(("urls", "https://127.0.0.1:0"), ("Spiffe:EndpointSocket", Agent.AddressOf("admin")));
        builder.WebHost.UseSpiffeMtls();
        var wrong = await StartAsync(builder, app => Map(app, 2, called));
        using var channel = Channel(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)), good, wrong);

        var (answers, refusals) = (0, 0);
        while (answers == 0 || refusals == 0)
        {
            try
            {
                Assert.Equal("spiffe://example.org/client", await CallAsync(channel));
                answers++;
            }
            catch (RpcException e) when (e.Status.DebugException is SpiffePeerRejectedException refusal)
            {
                Assert.Equal((RejectionReason.NotAllowed, "spiffe://example.org/admin"), (refusal.Reason, $"{refusal.Id}"));
                refusals++;
            }
        }

        Assert.DoesNotContain(2, called);
    }

    [Theory, Trait("Trial", "C-04")]
    [InlineData("https")]
    [InlineData("static")]
    [InlineData("dns")]
    public async Task Clients_of_the_factory_may_use_every_kind_of_address(string scheme)
    {
        var called = new ConcurrentQueue<int>();
        var server = await StartGreeterAsync(1, called);
        var address = AddressOf(server);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSpiffe(options => options.EndpointSocket = Agent.AddressOf("client"));
        builder.Services.AddSingleton<ResolverFactory>(new StaticResolverFactory(_ => [new("127.0.0.1", address.Port)]));
        builder.Services.AddGrpcClient<TestClient>(o => o.Address = new(scheme switch
        {
            "https" => $"{address}",
            "static" => "static:///orders",
            _ => $"dns:///127.0.0.1:{address.Port}",
        })).ConfigureChannel(o => o.Credentials = ChannelCredentials.SecureSsl).AddSpiffeMtls(Expected);
        using var host = builder.Build();
        await host.StartAsync(Timeout);

        for (var i = 0; i < 3; i++) Assert.Equal("spiffe://example.org/client", await host.Services.GetRequiredService<TestClient>().CallAsync(Timeout));
    }

    [Fact, Trait("Trial", "C-04"), Trait("Trial", "C-05")]
    public async Task A_server_that_refuses_us_ends_the_call_with_our_words()
    {
        var called = new ConcurrentQueue<int>();
        var server = await StartGreeterAsync(1, called, options => options.AllowedPeers = ["spiffe://example.org/admin"]);
        using var channel = Channel(SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)), server);
        var error = await Assert.ThrowsAsync<RpcException>(() => CallAsync(channel));
        Assert.Contains("may have rejected our SVID 'spiffe://example.org/client'", error.Status.Detail, StringComparison.Ordinal);
    }

    private Task<WebApplication> StartGreeterAsync(int number, ConcurrentQueue<int> called, Action<SpiffeServerOptions>? configure = null) =>
        StartServerAsync(configure, app => Map(app, number, called));

    private static void Map(WebApplication app, int number, ConcurrentQueue<int> called) => app.MapPost("/test.Test/WhoAmI", async http =>
    {
        called.Enqueue(number);
        var answer = Encoding.UTF8.GetBytes($"{http.GetSpiffeId()}");
        http.Response.ContentType = "application/grpc";
        await http.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, (byte)answer.Length, .. answer]);
        http.Response.AppendTrailer("grpc-status", "0");
    });

    private static GrpcChannel Channel(HttpMessageHandler handler, params WebApplication[] servers) => GrpcChannel.ForAddress("static:///orders", new GrpcChannelOptions
    {
        HttpHandler = handler,
        DisposeHttpClient = true,
        Credentials = ChannelCredentials.SecureSsl,
        ServiceConfig = new() { LoadBalancingConfigs = { new RoundRobinConfig() } },
        ServiceProvider = new ServiceCollection()
            .AddSingleton<ResolverFactory>(new StaticResolverFactory(_ => [.. servers.Select(s => new BalancerAddress("127.0.0.1", AddressOf(s).Port))]))
            .BuildServiceProvider(),
    });

    private Task<string> CallAsync(GrpcChannel channel) => new TestClient(channel.CreateCallInvoker()).CallAsync(Timeout);

    // Round robin begins with the servers that are connected first.
    private async Task CallUntilAsync(GrpcChannel channel, ConcurrentQueue<int> called, params int[] all)
    {
        while (all.Except(called).Any()) Assert.Equal("spiffe://example.org/client", await CallAsync(channel));
    }

    private sealed class TestClient(CallInvoker invoker) : ClientBase(invoker)
    {
        public async Task<string> CallAsync(CancellationToken cancellationToken) =>
            await CallInvoker.AsyncUnaryCall(WhoAmI, null, new(cancellationToken: cancellationToken), "");
    }
}
