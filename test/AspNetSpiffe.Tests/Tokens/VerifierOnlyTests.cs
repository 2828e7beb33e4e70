using System.Buffers.Text;
using System.Net;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>A service that verifies tokens and has no identity of its own: an agent may give bundles to whoever asks.</summary>
public sealed class VerifierOnlyTests(ITestOutputHelper output) : TokenTest(output)
{
    private FakeAgent _agent = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _agent = Keep(await FakeAgent.StartAsync());
    }

    [Fact, Trait("Trial", "A-17"), Trait("Spec", "CF-11")]
    public async Task With_named_callers_the_bundles_suffice()
    {
        var key = TestKey.Create(KeyKind.P256);
        var builder = Builder(agent => agent.Send(BundleOf(key)));
        AddTokens(builder, options => options.AllowedCallers = [ClientId]);
        var server = await StartAsync(builder, app => app.MapGet("/user", () => "").RequireAuthorization());

        using var client = PlainClient(server);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", TestToken.For(ClientId, Audience).SignedBy(key)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", TestToken.For(AdminId, Audience).SignedBy(key)));
        Assert.EndsWith("/FetchJWTBundles", Assert.Single(_agent.Calls).Path, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "A-17")]
    public async Task Without_named_callers_the_start_fails_and_says_that_an_SVID_or_AllowedCallers_is_needed()
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("HostedServiceStartupFaulted");
        var builder = Builder(Deny);
        AddTokens(builder, null);
        var error = await FailInTimeAsync(builder);
        Assert.StartsWith(
            "AddSpiffeJwt() has no AllowedCallers, so it accepts tokens of our own trust domain, which is known only from our own SVID. " +
            $"The SPIFFE Workload API at '{builder.Configuration["Spiffe:EndpointSocket"]}' issued no identity to this workload within 30 s. It answered 'PermissionDenied: no identity issued'.",
            error.Message, StringComparison.Ordinal);
        Assert.EndsWith("Or list the callers: AddSpiffeJwt(options => options.AllowedCallers = [\"spiffe://example.org/**\"]) requires no SVID.", error.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "A-17")]
    public async Task A_service_that_asks_for_an_identity_elsewhere_waits_for_it()
    {
        ExpectWarning("AgentUnavailable");
        AllowWarning("HostedServiceStartupFaulted");
        var builder = Builder(Deny);
        AddTokens(builder, options => options.AllowedCallers = ["spiffe://example.org/client"]);
        builder.Services.AddSpiffe();
        Assert.StartsWith("The SPIFFE Workload API", (await FailInTimeAsync(builder)).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "H-02")]
    public async Task An_empty_list_of_callers_means_nobody_and_says_so()
    {
        ExpectWarning("NobodyAllowed");
        var server = await StartPlainAsync(app => app.MapGet("/user", () => "").RequireAuthorization(), options => options.AllowedCallers = []);
        using var client = PlainClient(server);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", await TokenAsync()));
        Assert.Equal("AllowedCallers of AddSpiffeJwt() is empty: every token is rejected.", (await WaitForAsync("NobodyAllowed", Timeout)).Message);
    }

    [Fact, Trait("Trial", "H-02")]
    public async Task A_text_may_name_several_callers()
    {
        var server = await StartPlainAsync(app => app.MapGet("/user", () => "").RequireAuthorization(), options => options.AllowedCallers = [$"{ClientId}, {AdminId}"]);
        using var client = PlainClient(server);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", await TokenAsync("admin")));
    }

    [Fact, Trait("Trial", "H-03"), Trait("Spec", "CF-12")]
    public async Task Callers_that_the_application_reads_from_a_configuration_stay_when_it_is_lost()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"), ("Callers:0", AdminId));
        builder.Services.AddOptions<SpiffeJwtAuthenticationOptions>("SpiffeJwt")
            .Configure<IConfiguration>((options, configuration) => options.AllowedCallers = configuration.GetSection("Callers").Get<string[]>());
        builder.Services.AddSingleton<IOptionsChangeTokenSource<SpiffeJwtAuthenticationOptions>>(provider =>
            new ConfigurationChangeTokenSource<SpiffeJwtAuthenticationOptions>("SpiffeJwt", provider.GetRequiredService<IConfiguration>()));
        AddTokens(builder, null);
        var server = await StartAsync(builder, app => app.MapGet("/user", () => "").RequireAuthorization());
        using var client = PlainClient(server);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", await TokenAsync()));

        builder.Configuration.Sources.Clear();
        ((IConfigurationRoot)server.Configuration).Reload();
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(client, "/user", await TokenAsync()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", await TokenAsync("admin")));
    }

    private async Task<InvalidOperationException> FailInTimeAsync(WebApplicationBuilder builder)
    {
        var time = new ManualTime();
        builder.Services.AddSingleton<TimeProvider>(time);
        var starting = StartAsync(builder);
        await WaitForAsync("AgentUnavailable", Timeout);
        time.Advance(TimeSpan.FromSeconds(30));
        return await Assert.ThrowsAsync<InvalidOperationException>(() => starting);
    }

    private static void Deny(FakeAgent agent) => agent.CloseWith(StatusCode.PermissionDenied, "no identity issued");

    private static JWTBundlesResponse BundleOf(TestKey key)
    {
        using var ecdsa = key.PublicKey.GetECDsaPublicKey()!;
        var q = ecdsa.ExportParameters(false).Q;
        var keys = $$"""{"keys":[{"kty":"EC","kid":"k1","use":"jwt-svid","crv":"P-256","x":"{{Base64Url.EncodeToString(q.X)}}","y":"{{Base64Url.EncodeToString(q.Y)}}"}]}""";
        return new() { Bundles = { ["spiffe://example.org"] = ByteString.CopyFromUtf8(keys) } };
    }

    private WebApplicationBuilder Builder(Action<FakeAgent> answer)
    {
        _agent.OnEachCall = answer;
        return Builder(("urls", "http://127.0.0.1:0"), ("Spiffe:EndpointSocket", _agent.Address));
    }
}
