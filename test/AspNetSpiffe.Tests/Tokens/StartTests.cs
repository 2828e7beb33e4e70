using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Tokens;

/// <summary>What fails before the first request.</summary>
public sealed class StartTests(ITestOutputHelper output) : TokenTest(output)
{
    [Fact, Trait("Spec", "JW-12")]
    public async Task Without_an_audience_the_start_fails_and_the_error_says_what_to_write()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddAuthentication().AddSpiffeJwt(_ => { });
        var error = await FailAsync<OptionsValidationException>(() => StartAsync(builder));
        Assert.Contains("options.Audiences.Add(", error.Message);
    }

    [Fact]
    public async Task Every_mistake_in_the_options_fails_the_start()
    {
        var error = await FailAsync<OptionsValidationException>(() => StartPlainAsync(_ => { }, options =>
        {
            options.Audiences.Add("");
            options.AllowedCallers = ["spiffe://example.org"];
            options.ClockSkew = TimeSpan.FromSeconds(61);
            options.Validation = (JwtSvidValidation)2;
        }));
        foreach (var text in new[] { "has an empty entry", "AllowedCallers:0", "ClockSkew: must be from 00:00:00 to 00:01:00, but is 00:01:01.", "is not a valid value" }) Assert.Contains(text, error.Message);
    }

    [Fact]
    public async Task The_scheme_may_be_added_twice()
    {
        var server = await StartPlainAsync(app => app.MapGet("/user", () => "").RequireAuthorization());
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        AddTokens(builder, null);
        AddTokens(builder, options => options.Audiences.Add("other"));
        var twice = await StartAsync(builder, app => app.MapGet("/user", () => "").RequireAuthorization());

        using var client = PlainClient(twice);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/user", await TokenAsync(audience: "other")));
        using var once = PlainClient(server);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(once, "/user", await TokenAsync(audience: "other")));
    }

    public static TheoryData<string, Action<WebApplication>> Unclear => new()
    {
        { "group", app => app.MapGroup("/x").RequireAuthorization(ClientId).MapGet("/", () => "").RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "SpiffeJwt" }) },
        { "attribute", app => app.MapGet("/x", [Authorize(AuthenticationSchemes = "Cookies , SpiffeJwt"), Authorize(Policy = ClientId)] () => "") },
        { "policy", app => app.MapGet("/x", () => "").RequireAuthorization(ClientId).RequireAuthorization(policy => policy.AddAuthenticationSchemes("SpiffeJwt").RequireAuthenticatedUser()) },
        { "named policy", app => app.MapGet("/x", () => "").RequireAuthorization(ClientId, "Tokens") },
        { "method of a hub", app => app.MapHub<PeerMethodHub>("/x").RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "SpiffeJwt" }) },
        { "hub", app => app.MapHub<TokenMethodHub>("/x") },
    };

    [Theory, MemberData(nameof(Unclear))]
    public async Task A_policy_that_does_not_say_whom_it_means_fails_the_start(string where, Action<WebApplication> map)
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddSignalR();
        builder.Services.AddAuthorizationBuilder().AddPolicy("Tokens", policy => policy.AddAuthenticationSchemes("SpiffeJwt").RequireAuthenticatedUser());
        AddTokens(builder, null);
        var error = await FailAsync<InvalidOperationException>(() => StartAsync(builder, map));
        Assert.Contains("/x", error.Message);
        Assert.True(error.Message.Contains("SpiffeJwt", StringComparison.Ordinal), where);
    }

    [Fact]
    public async Task A_default_policy_that_means_tokens_must_be_met_by_patterns_that_say_so()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddAuthorizationBuilder().SetDefaultPolicy(new AuthorizationPolicyBuilder("SpiffeJwt").RequireAuthenticatedUser().Build());
        AddTokens(builder, null);
        await FailAsync<InvalidOperationException>(() => StartAsync(builder, app => app.MapGet("/x", () => "").RequireAuthorization().RequireAuthorization(ClientId)));
    }

    [Fact]
    public async Task Without_bundles_the_start_fails()
    {
        // To a call for JWT bundles it says nothing that holds one.
        var pki = new TestPki();
        var agent = Keep(await FakeAgent.StartAsync());
        agent.OnEachCall = a => a.SendRaw(GrpcFrame.Of(pki.ResponseBytes([pki.Leaf("/server")])));
        ExpectWarning("UpdateRefused");
        AllowWarning("UpdateRemark");

        var builder = Builder(("urls", "http://127.0.0.1:0"), ("Spiffe:EndpointSocket", agent.Address));
        AddTokens(builder, options => options.AllowedCallers = [ClientId]);
        Assert.Contains("sent no JWT bundles", (await FailStartAsync(builder, "UpdateRefused")).Message);
    }

    [Fact]
    public async Task Where_the_agent_validates_the_start_needs_no_bundles()
    {
        var silent = Keep(await FakeAgent.StartAsync());
        var builder = Builder(("urls", "http://127.0.0.1:0"), ("Spiffe:EndpointSocket", silent.Address), ("Spiffe:StartupTimeout", "0:00:01"));
        AddTokens(builder, options => (options.AllowedCallers, options.Validation) = ([ClientId], JwtSvidValidation.Agent));
        await StartAsync(builder);
        Assert.Empty(silent.Calls);
    }

    private Task<T> FailAsync<T>(Func<Task> start) where T : Exception
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("SettingsRefused");
        AllowWarning("");
        return Assert.ThrowsAnyAsync<T>(start);
    }

    private sealed class PeerMethodHub : Hub
    {
        [Authorize(Policy = ClientId)]
        public static string Get() => "";
    }

    private sealed class TokenMethodHub : Hub
    {
        [Authorize(Policy = ClientId, AuthenticationSchemes = "SpiffeJwt")]
        public static string Get() => "";
    }
}
