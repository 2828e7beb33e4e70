using System.Globalization;
using System.Net.Security;
using System.Numerics;
using System.Security.Authentication;
using AspNetSpiffe.TestKit;
using Npgsql;
using Postgres;

namespace AspNetSpiffe.DataTests;

/// <summary>samples/Postgres: Npgsql and PostgreSQL over mutual TLS, each verified by the other.</summary>
public sealed class PostgresTests(ITestOutputHelper output) : DataTest(output)
{
    private const string Server = "spiffe://example.org/server";

    [Fact]
    public async Task Each_side_is_verified_and_rows_are_seen_by_SPIFFE_ID()
    {
        var server = await StartServerAsync();
        await using var orders = server.Client().BuildSpiffeMtls(await StartSourceAsync(Agent, "orders"), Server);
        await using var other = server.Client().BuildSpiffeMtls(await StartSourceAsync(Agent, "other"), Server);

        Assert.Equal("spiffe://example.org/orders", await ScalarAsync(orders, "SELECT spiffe_id()"));
        Assert.Equal(2L, await ScalarAsync(orders, "SELECT count(*) FROM orders"));
        Assert.Equal("spiffe://example.org/other", await ScalarAsync(other, "SELECT spiffe_id()"));
        Assert.Equal(0L, await ScalarAsync(other, "SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task A_server_with_another_ID_is_refused_and_there_is_no_second_attempt_without_TLS()
    {
        // It would take anybody, with or without TLS.
        var server = await StartServerAsync("local all all trust\nhost all all all trust\n");
        var source = await StartSourceAsync(Agent, "orders");
        foreach (var mode in (string[])["", "SSL Mode=Prefer", "SSL Mode=Disable", "SSL Mode=VerifyFull"])
        {
            var builder = server.Client(more: mode);
            await using var database = builder.BuildSpiffeMtls(source, "spiffe://example.org/db,spiffe://example.org/server/**");
            Assert.Equal(GssEncryptionMode.Disable, builder.ConnectionStringBuilder.GssEncryptionMode);
            var refused = await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(database, "SELECT 1"));
            Assert.IsType<AuthenticationException>(refused.InnerException);
        }

        Assert.Equal(RejectionReason.NotAllowed, await RefusedAsync());
    }

    [Fact]
    public async Task A_server_of_a_stranger_is_refused()
    {
        var strangers = await StartAgentAsync("elsewhere.test");
        var server = Stopping(await PostgresServer.StartAsync(Folder, strangers.AddressOf("server"), null, Patience));
        await using var database = server.Client().BuildSpiffeMtls(await StartSourceAsync(Agent, "orders"), Server);

        await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(database, "SELECT 1"));
        Assert.Equal(RejectionReason.UnknownTrustDomain, await RefusedAsync());
    }

    [Fact]
    public async Task PostgreSQL_rejects_a_client_without_SVID_one_of_a_stranger_and_one_with_a_wrong_password()
    {
        var server = await StartServerAsync();
        await using var without = server.Client(more: "SSL Mode=Require").Build();
        Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(without, "SELECT 1"))).SqlState);
        await using var plain = server.Client(more: "SSL Mode=Disable").Build();
        Assert.Equal("28000", (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(plain, "SELECT 1"))).SqlState);

        var strangers = await StartAgentAsync("elsewhere.test");
        strangers.AddFederatedBundle(Agent);
        await using var strange = server.Client().BuildSpiffeMtls(await StartSourceAsync(strangers, "orders"), Server);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ScalarAsync(strange, "SELECT 1"));
        await server.RejectedAsync("certificate verify failed", Patience);

        await using var guessing = server.Client("a guess").BuildSpiffeMtls(await StartSourceAsync(Agent, "orders"), Server);
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(guessing, "SELECT 1"))).SqlState);
    }

    // PostgreSQL verifies the chain, and no rule of the X509-SVID standard.
    [Fact]
    public async Task An_ID_that_is_not_the_only_name_of_a_certificate_is_none()
    {
        const string Orders = "spiffe://example.org/orders";
        var pki = new TestPki("example.org");
        var agent = Stopping(await FakeAgent.StartAsync());
        agent.Send(new TestIdentity(pki.Leaf("/server"), pki.Root.Certificate));
        var server = Stopping(await PostgresServer.StartAsync(Folder, agent.Address, null, Patience));

        Assert.Equal(Orders, await IdOfAsync(Orders));
        foreach (var uris in (string[][])[[Orders, "https://example.org"], ["https://example.org", Orders], [Orders + "?"], ["spiffe://example.org"]]) Assert.Equal(DBNull.Value, await IdOfAsync(uris));

        async Task<object?> IdOfAsync(params string[] uris)
        {
            var context = SslStreamCertificateContext.Create(pki.Leaf(leaf => leaf with { Uris = [.. uris] }).Leaf, null, offline: true);
            var builder = server.Client(more: "SSL Mode=Require");
            builder.UseSslClientAuthenticationOptionsCallback(options => (options.ClientCertificateContext, options.RemoteCertificateValidationCallback) = (context, static (_, _, _, _) => true));
            await using var database = builder.Build();
            return await ScalarAsync(database, "SELECT spiffe_id()");
        }
    }

    [Fact]
    public async Task PostgreSQL_speaks_TLS_1_3_alone()
    {
        var server = await StartServerAsync();
        var tls = new SpiffeTls(await StartSourceAsync(Agent, "orders"), SpiffeIdPattern.Parse(Server));
        var builder = server.Client(more: "SSL Mode=Require");
        builder.UseSslClientAuthenticationOptionsCallback(options =>
        {
            tls.Configure(options);
            options.EnabledSslProtocols = SslProtocols.Tls12;
        });
        await using var old = builder.Build();
        await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(old, "SELECT 1"));
        await server.RejectedAsync("unsupported protocol", Patience);
    }

    [Fact]
    public async Task No_query_fails_while_both_sides_renew_their_SVIDs_and_replace_the_authority()
    {
        var server = await StartServerAsync();
        var source = await StartSourceAsync(Agent, "orders");
        await using var database = server.Client().BuildSpiffeMtls(source, Server);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Patience);
        var load = new QueryLoad(database);
        var running = load.RunAsync(workers: 4, ending.Token);

        for (var rotation = 0; rotation < 3; rotation++) await ChangeAsync(Agent.Rotate);
        await ReplaceAuthorityAsync(ChangeAsync);

        // The server now knows the new authority only, and the client's pool has the newest SVID only.
        await load.SeenAsync(SerialOf(source), Patience);
        await ending.CancelAsync();
        Assert.True(await running > 100);

        async Task ChangeAsync(Action change)
        {
            var renewed = source.GetChangeToken().ChangedAsync(Patience);
            await server.ReloadedAsync(change, Patience);
            await renewed;
            await load.SeenAsync(SerialOf(source), Patience);
            Assert.Equal(SerialOf(source), BigInteger.Parse((string)(await ScalarAsync(database, "SELECT client_serial::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))!, CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task The_sample_reads_the_orders()
    {
        var server = await StartServerAsync();
        var environment = new Dictionary<string, string?>
        {
            ["SPIFFE_ENDPOINT_SOCKET"] = Agent.AddressOf("orders"),
            ["ConnectionStrings__Shop"] = server.Client().ConnectionString,
        };

        // It expects spiffe://example.org/db, and this server is another one.
        await using var refused = BuiltProgram.Start(environment, "Postgres", "postgres-client");
        Assert.NotEqual(0, (await refused.FinishAsync("", Patience)).ExitCode);

        Agent.Register("server", new DevIdentity("/db"));
        Agent.Unregister("server", "/server");
        await server.ReloadedAsync(Agent.Rotate, Patience);
        await using var client = BuiltProgram.Start(environment, "Postgres", "postgres-client");
        var result = await client.FinishAsync("", Patience);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Contains("PostgreSQL sees spiffe://example.org/orders", result.Output, StringComparison.Ordinal);
        Assert.Contains("order 1: a bicycle", result.Output, StringComparison.Ordinal);
    }

    private async Task<PostgresServer> StartServerAsync(string? access = null) => Stopping(await PostgresServer.StartAsync(Folder, Agent.AddressOf("server"), access, Patience));

    private async Task<object?> ScalarAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Patience);
    }

    private static BigInteger SerialOf(X509Source source) =>
        BigInteger.Parse("0" + source.Current!.DefaultSvid.Leaf.SerialNumber, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
