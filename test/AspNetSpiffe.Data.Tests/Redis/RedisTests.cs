using System.Net.Security;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Redis;
using StackExchange.Redis;

namespace AspNetSpiffe.DataTests;

/// <summary>samples/Redis: StackExchange.Redis and Redis over mutual TLS, each verified by the other.</summary>
public sealed class RedisTests(ITestOutputHelper output) : DataTest(output)
{
    private const string Server = "spiffe://example.org/server";

    [Fact]
    public async Task Redis_rejects_a_client_without_SVID_one_of_a_stranger_and_one_with_a_wrong_password()
    {
        var server = await StartServerAsync();
        var source = await StartSourceAsync(Agent, "orders");
        await using (var redis = await server.Client().ConnectSpiffeMtlsAsync(source, Server))
            Assert.Equal(1, await redis.GetDatabase().StringIncrementAsync("orders:visits"));

        var without = server.Client(",ssl=true");
        without.CertificateValidation += static (_, _, _, _) => true;
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(without));
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(server.Client()));

        var strangers = await StartAgentAsync("elsewhere.test");
        strangers.AddFederatedBundle(Agent);
        var strange = await StartSourceAsync(strangers, "orders");
        await Assert.ThrowsAsync<RedisConnectionException>(() => server.Client().ConnectSpiffeMtlsAsync(strange, Server));

        var guessing = server.Client();
        guessing.Password = "a guess";
        await Assert.ThrowsAsync<RedisConnectionException>(() => guessing.ConnectSpiffeMtlsAsync(source, Server));
        var nobody = server.Client();
        (nobody.User, nobody.Password) = (null, null);
        await Assert.ThrowsAsync<RedisConnectionException>(() => nobody.ConnectSpiffeMtlsAsync(source, Server));
    }

    [Fact]
    public async Task Redis_speaks_TLS_1_3_alone_and_a_user_has_its_own_keys_and_nothing_dangerous()
    {
        var server = await StartServerAsync();
        var source = await StartSourceAsync(Agent, "orders");
        await using var redis = await server.Client(",allowAdmin=true").ConnectSpiffeMtlsAsync(source, Server);
        foreach (var (command, arguments) in new (string, object[])[] { ("GET", ["invoices:1"]), ("FLUSHALL", []), ("KEYS", ["*"]) })
            Assert.StartsWith("NOPERM", (await Assert.ThrowsAsync<RedisServerException>(() => redis.GetDatabase().ExecuteAsync(command, arguments))).Message, StringComparison.Ordinal);

        var tls = new SpiffeTls(source, SpiffeIdPattern.Parse(Server));
        var old = server.Client(",ssl=true");
        old.SslClientAuthenticationOptions = host =>
        {
            var handshake = new SslClientAuthenticationOptions { TargetHost = host, EnabledSslProtocols = SslProtocols.Tls12 };
            tls.Configure(handshake);
            return handshake;
        };
        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(old));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",ssl=false")]
    public async Task A_server_with_another_ID_is_refused(string more)
    {
        var server = await StartServerAsync();
        var source = await StartSourceAsync(Agent, "orders");

        await Assert.ThrowsAsync<RedisConnectionException>(() => server.Client(more).ConnectSpiffeMtlsAsync(source, "spiffe://example.org/redis,spiffe://example.org/server/**"));
        Assert.Equal(RejectionReason.NotAllowed, await RefusedAsync());
    }

    [Fact]
    public async Task No_command_fails_while_both_sides_renew_and_a_reconnect_shows_the_newest_SVID()
    {
        var server = await StartServerAsync();
        var source = await StartSourceAsync(Agent, "orders");
        await using var redis = await server.Client(",allowAdmin=true").ConnectSpiffeMtlsAsync(source, Server);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Patience);
        var load = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CountAsync(redis, ending.Token)));

        for (var rotation = 0; rotation < 3; rotation++) await ChangeAsync(Agent.Rotate);
        await ReplaceAuthorityAsync(ChangeAsync);
        await ending.CancelAsync();
        var counted = (await load).Sum();
        Assert.Equal(counted, (long)await redis.GetDatabase().StringGetAsync("orders:count"));

        // The server now knows the new authority only: whoever connects with what is older is rejected.
        var restored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        redis.ConnectionRestored += (_, e) =>
        {
            if (e.ConnectionType == ConnectionType.Interactive) restored.TrySetResult();
        };
        await server.EndConnectionsAsync(Patience);
        await restored.Task.WaitAsync(Patience);
        Assert.Equal(counted + 1, await redis.GetDatabase().StringIncrementAsync("orders:count"));

        async Task ChangeAsync(Action change)
        {
            var renewed = source.GetChangeToken().ChangedAsync(Patience);
            await server.ReloadedAsync(change, Patience);
            await renewed;
        }
    }

    [Fact]
    public async Task The_sample_counts()
    {
        Agent.Register("server", new DevIdentity("/redis"));
        Agent.Unregister("server", "/server");
        var result = await RunAsync(await StartServerAsync());
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("orders:visits is 1", result.Output, StringComparison.Ordinal);

        // It expects spiffe://example.org/redis.
        var refused = await RunAsync(Stopping(await RedisServer.StartAsync(Path.Combine(Folder, "other"), Agent.AddressOf("other"), Patience)));
        Assert.NotEqual(0, refused.ExitCode);

        async Task<ProgramResult> RunAsync(RedisServer server)
        {
            await using var client = BuiltProgram.Start(
                new() { ["SPIFFE_ENDPOINT_SOCKET"] = Agent.AddressOf("orders"), ["ConnectionStrings__Redis"] = server.Client().ToString(includePassword: true) }, "Redis", "redis-client");
            return await client.FinishAsync("", Patience);
        }
    }

    private async Task<RedisServer> StartServerAsync() => Stopping(await RedisServer.StartAsync(Folder, Agent.AddressOf("server"), Patience));

    private static async Task<long> CountAsync(ConnectionMultiplexer redis, CancellationToken ending)
    {
        var counted = 0L;
        for (; !ending.IsCancellationRequested; counted++) await redis.GetDatabase().StringIncrementAsync("orders:count");
        return counted;
    }
}
