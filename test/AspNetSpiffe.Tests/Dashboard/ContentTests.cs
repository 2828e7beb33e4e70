using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Dashboard;

/// <summary>What the page shows of a running service, read as programs read it.</summary>
public sealed class ContentTests(ITestOutputHelper output) : DiagnosticsTest(output)
{
    [Fact]
    public async Task Our_identity_is_there_with_its_chain_up_to_the_authority()
    {
        var server = await StartAsync();
        var identity = server.Services.GetRequiredService<X509Source>().Current!;
        var report = await JsonAsync(server);

        var svid = Assert.Single(report.GetProperty("svids").EnumerateArray());
        Assert.Equal((Expected, true, identity.DefaultSvid.NotAfter), (svid.GetProperty("id").GetString(), svid.GetProperty("isDefault").GetBoolean(), svid.GetProperty("notAfter").GetDateTimeOffset()));
        Assert.Equal(["leaf", "intermediate", "authority"], Texts(svid.GetProperty("chain"), "kind"));
        Assert.Equal([identity.DefaultSvid.Leaf.SerialNumber, identity.DefaultSvid.Intermediates[0].SerialNumber, Agent.X509Authorities[0].SerialNumber], Texts(svid.GetProperty("chain"), "serialNumber"));
    }

    [Fact]
    public async Task After_a_new_authority_signs_the_chain_ends_with_that_one()
    {
        var server = await StartAsync();
        var identity = server.Services.GetRequiredService<X509Source>();
        Agent.PrepareAuthority();
        Agent.ActivateAuthority();
        Agent.Rotate();
        while (identity.Current!.DefaultSvid.Intermediates[0].IssuerName.Name != Agent.X509Authorities[0].SubjectName.Name) await identity.GetChangeToken().ChangedAsync(Timeout);

        var report = await JsonAsync(server);
        Assert.Equal(Agent.X509Authorities[0].SerialNumber, report.GetProperty("svids")[0].GetProperty("chain")[2].GetProperty("serialNumber").GetString());
    }

    [Fact]
    public async Task Bundles_are_there_ours_first()
    {
        var partner = await StartAgentAsync("a-partner.example", "client");
        Agent.AddFederatedBundle(partner);
        var bundles = (await JsonAsync(await StartAsync())).GetProperty("bundles");
        Assert.Equal(["example.org", "a-partner.example"], Texts(bundles, "trustDomain"));
        Assert.Equal(["True", "False"], Texts(bundles, "isOurs"));
        Assert.Equal([partner.X509Authorities[0].SerialNumber], Texts(bundles[1].GetProperty("authorities"), "serialNumber"));
    }

    [Fact]
    public async Task Callers_are_there_while_they_are_connected()
    {
        var server = await StartAsync();
        using var client = await ClientAsync(server);
        using var other = await ClientAsync(server);
        using var admin = await ClientAsync(server, "admin");
        foreach (var caller in new[] { client, other, admin }) await GetAsync(caller);

        var callers = (await JsonAsync(server)).GetProperty("callers");
        Assert.Equal(["spiffe://example.org/admin", "spiffe://example.org/client"], Texts(callers, "id"));
        Assert.Equal(["1", "2"], Texts(callers, "count"));
        Assert.All(callers[1].GetProperty("connections").EnumerateArray(), one => Assert.Equal("open", one.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Refused_strangers_are_there_with_what_to_do()
    {
        var server = await StartAsync();
        var stranger = await StartAgentAsync("stranger.example", "client");
        stranger.AddFederatedBundle(Agent);
        using var client = await ClientAsync(server, agent: stranger);
        await AssertRefusedAsync(client, RejectionReason.UnknownTrustDomain, "spiffe://stranger.example/client");

        var group = (await JsonAsync(server)).GetProperty("refusals")[0];
        Assert.Equal(("client", "UnknownTrustDomain"), (group.GetProperty("kind").GetString(), group.GetProperty("reason").GetString()));
        Assert.Contains("federate", group.GetProperty("advice").GetString(), StringComparison.Ordinal);
        Assert.Equal("spiffe://stranger.example/client", group.GetProperty("examples")[0].GetProperty("claimedId").GetString());
        Assert.StartsWith("127.0.0.1:", group.GetProperty("examples")[0].GetProperty("remote").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_out_are_there_with_whom_they_expect_and_who_answered()
    {
        var server = await StartAsync();
        using var client = Client(AddressOf(server), SpiffeHttpHandler.Create(server.Services.GetRequiredService<X509Source>(), SpiffeIdPattern.Parse("spiffe://example.org/*")));
        await GetAsync(client);

        var call = Assert.Single((await JsonAsync(server)).GetProperty("clients").EnumerateArray());
        Assert.Equal("spiffe://example.org/*", call.GetProperty("expected").GetString());
        Assert.Equal([Expected], Texts(call.GetProperty("connections"), "serverId"));
        client.Dispose();
        Assert.Empty((await JsonAsync(server)).GetProperty("clients").EnumerateArray());
    }

    [Fact]
    public async Task Updates_are_there_and_so_is_what_is_wrong_when_the_agent_is_gone()
    {
        AllowWarning("AgentUnavailable");
        var server = await StartAsync();
        Assert.True((await JsonAsync(server)).GetProperty("origin").GetProperty("isConnected").GetBoolean());
        await Agent.DisposeAsync();
        await WaitForAsync("AgentUnavailable", Timeout);

        var origin = (await JsonAsync(server)).GetProperty("origin");
        Assert.False(origin.GetProperty("isConnected").GetBoolean());
        Assert.NotEmpty(origin.GetProperty("problem").GetString()!);
        Assert.Equal("True", Texts(origin.GetProperty("events"), "isUpdate")[^1]);
        Assert.Equal("False", Texts(origin.GetProperty("events"), "isUpdate")[0]);
    }

    [Fact]
    public async Task No_key_and_no_token_is_there()
    {
        var server = await StartAsync(
            app =>
            {
                app.MapSpiffeDiagnostics();
                app.MapGet("/token", [Authorize(AuthenticationSchemes = "SpiffeJwt")] () => "in");
            },
            services => services.AddAuthentication().AddSpiffeJwt(options => options.Audiences.Add("orders")));
        await server.Services.GetRequiredService<JwtBundleSource>().WaitForFirstAsync(Timeout);
        await using var tokens = new JwtSource(new() { EndpointSocket = Agent.AddressOf("client") }, Loggers);
        var token = (await tokens.GetAsync("another audience", cancellationToken: Timeout)).Token;
        using var client = await ClientAsync(server);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/token") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var refused = await client.SendAsync(request, Timeout);

        using var key = server.Services.GetRequiredService<X509Source>().Current!.DefaultSvid.Leaf.GetECDsaPrivateKey()!;
        var secret = key.ExportParameters(includePrivateParameters: true).D!;
        string[] secrets = [.. Chunks(Convert.ToBase64String(key.ExportPkcs8PrivateKey()).TrimEnd('=')), Convert.ToHexString(secret), Convert.ToBase64String(secret), .. token.Split('.')];
        foreach (var text in new[] { await HtmlAsync(server), (await JsonAsync(server)).GetRawText() })
        {
            Assert.Contains("NotAddressedToUs", text, StringComparison.Ordinal);
            Assert.All(secrets, one => Assert.DoesNotContain(one, text, StringComparison.OrdinalIgnoreCase));
        }
    }

    // The first bytes of a key's encoding are the same for all keys.
    private static IEnumerable<string> Chunks(string text) => text.Chunk(32).Skip(1).Where(part => part.Length == 32).Select(part => new string(part));
}
