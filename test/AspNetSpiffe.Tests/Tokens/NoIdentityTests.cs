using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>Our own identity says whose tokens count where no list does. Without one, nobody's do.</summary>
public sealed class NoIdentityTests(ITestOutputHelper output) : TokenTest(output)
{
    [Fact, Trait("Trial", "M-02"), Trait("Spec", "JW-26")]
    public async Task After_a_withdrawal_nobodys_token_counts_but_those_of_the_list()
    {
        ExpectWarning("IdentityWithdrawn");
        AllowWarning("AgentUnavailable");
        var other = await StartAgentAsync("other.org", "client");
        Agent.AddFederatedBundle(other);
        var (own, federated) = (await TokenAsync(), await TokenAsync(agent: other));
        var closed = await StartAsync();
        var open = await StartAsync(options => options.AllowedCallers = ["spiffe://other.org/**"]);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(closed, own), await StatusAsync(open, federated)));

        Agent.Unregister("server");
        await WaitForAsync("IdentityWithdrawn", Timeout);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (await StatusAsync(closed, own), await StatusAsync(closed, federated)));
        await WaitForAsync("TokenRefused", Timeout, times: 2);
        Assert.All(Logs.All.Where(record => record.Event.Name == "TokenRefused"), refusal =>
        {
            Assert.Equal(JwtRejectionReason.NotAllowed, refusal.Values["Reason"]);
            Assert.Contains("Allowed: no caller, because this workload has no identity.", refusal.Message, StringComparison.Ordinal);
        });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(open, federated));
    }

    [Theory, Trait("Trial", "M-02"), Trait("Spec", "JW-26")]
    [InlineData(null, JwtRejectionReason.NotAllowed)]
    [InlineData("spiffe://td/**", JwtRejectionReason.None)]
    [InlineData("spiffe://other/**", JwtRejectionReason.NotAllowed)]
    public async Task Before_there_is_an_identity_only_the_list_counts(string? allowed, JwtRejectionReason reason)
    {
        var key = TestKey.Create(KeyKind.P256);
        await using var agent = await FakeAgent.StartAsync();
        var spiffe = new SpiffeOptions { EndpointSocket = agent.Address };
        await using var identity = new X509Source(spiffe, Loggers, null, TimeProvider.System);
        agent.Send(BundlesOf(key));
        await using var bundles = await JwtBundleSource.StartAsync(spiffe, Loggers, Timeout);
        await using var services = new ServiceCollection().AddSingleton(bundles).BuildServiceProvider();

        var options = new SpiffeJwtAuthenticationOptions { Audiences = { Audience } };
        if (allowed is not null) options.AllowedCallers = [allowed];
        var verdict = await new TokenGate(identity, services).JudgeAsync(TestToken.For("spiffe://td/web", Audience).SignedBy(key), options, Timeout);

        Assert.Equal((reason, "spiffe://td/web"), (verdict.Reason, verdict.Id!.ToString()));
        Assert.Equal(reason == JwtRejectionReason.None, verdict.Token is not null);
    }

    private static Wire.JWTBundlesResponse BundlesOf(TestKey key)
    {
        var td = TrustDomain.Parse("td");
        var document = new SpiffeBundle(new(td, []), new(td, [new("k1", key.PublicKey)])).ToUtf8Json();
        return new() { Bundles = { { "spiffe://td", Google.Protobuf.ByteString.CopyFrom(document) } } };
    }

    private async Task<WebApplication> StartAsync(Action<SpiffeJwtAuthenticationOptions>? configure = null)
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"), ("Spiffe:WithdrawalDelay", "00:00:00"));
        AddTokens(builder, configure);
        return await StartAsync(builder, app => app.MapGet("/who", Describe).RequireAuthorization());
    }

    private async Task<HttpStatusCode> StatusAsync(WebApplication server, string token)
    {
        using var client = PlainClient(server);
        return await StatusAsync(client, "/who", token);
    }
}
