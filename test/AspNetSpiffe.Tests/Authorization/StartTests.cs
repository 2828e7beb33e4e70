using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Authorization;

/// <summary>What fails before the first request, and the order of registrations, which must not matter.</summary>
public sealed class StartTests
{
    public static TheoryData<string, Action<WebApplication>> Malformed => new()
    {
        { "attribute", app => app.MapGet("/the-endpoint", [Authorize(Policy = "spiffe://example.org")] () => "") },
        { "convention", app => app.MapGet("/the-endpoint", () => "").RequireAuthorization("spiffe://example.org") },
        { "group", app => app.MapGroup("/the-endpoint").RequireAuthorization("spiffe://example.org").MapGet("/", () => "") },
        { "among others", app => app.MapGet("/the-endpoint", () => "").RequireAuthorization("spiffe:any", "spiffe://example.org") },
        { "MVC filter", app => app.MapGet("/the-endpoint", () => "").WithMetadata(new AuthorizeFilter([new AuthorizeAttribute("spiffe://example.org")])) },
    };

    [Theory, MemberData(nameof(Malformed))]
    public async Task A_malformed_policy_name_fails_the_start_and_the_error_names_endpoint_and_mistake(string where, Action<WebApplication> map)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => PeerServer.StartAsync(map));

        Assert.Contains("/the-endpoint", error.Message);
        Assert.True(error.Message.Contains("add '/**'", StringComparison.Ordinal), $"{where}: {error.Message}");
    }

    [Fact]
    public async Task A_malformed_attribute_fails_the_start() =>
        Assert.Contains("add '/**'", (await Assert.ThrowsAsync<FormatException>(() => PeerServer.StartAsync(app => app.MapGet("/", [RequireSpiffe("spiffe://example.org")] () => "")))).Message);

    [Fact]
    public async Task A_malformed_name_on_a_method_of_a_hub_fails_the_start()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            PeerServer.StartWithAsync(builder => builder.Services.AddSpiffeServerSecurity().AddSignalR(), app => app.MapHub<MalformedHub>("/the-endpoint")));
        Assert.Contains("/the-endpoint", error.Message);
        Assert.Contains("add '/**'", error.Message);
    }

    [Fact]
    public async Task Well_formed_and_foreign_names_start()
    {
        await using var server = await PeerServer.StartAsync(app =>
        {
            app.MapGet("/a", () => "").RequireAuthorization("spiffe://example.org/**");
            app.MapGet("/b", () => "").RequireAuthorization("not ours");
        });

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusAsync("/a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_provider_of_the_application_is_asked_for_all_other_names(bool before)
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                if (before) builder.Services.AddSingleton<IAuthorizationPolicyProvider, EvenPolicies>();
                builder.Services.AddSpiffeServerSecurity();
                if (!before) builder.Services.AddSingleton<IAuthorizationPolicyProvider, EvenPolicies>();
            },
            app =>
            {
                app.MapGet("/own", () => "").RequireAuthorization("even");
                app.MapGet("/web", () => "").RequireAuthorization("spiffe://example.org/ns/shop/sa/web");
            },
            Peers.Web);

        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/own"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/web"));
        server.Peer = Peers.Ops;
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/web"));
    }

    [Fact]
    public async Task A_later_provider_that_knows_no_patterns_fails_the_start_and_the_error_says_what_to_do()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartWithLateProviderAsync<NoPolicies>("spiffe://example.org/a"));
        Assert.Contains("NoPolicies", error.Message);
        Assert.Contains("before the call of 'UseSpiffeMtls()'", error.Message);

        // Its dictionary would answer the second name with the policy of the first.
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartWithLateProviderAsync<EvenPolicies>("spiffe://example.org/a", "spiffe://example.org/A"));
    }

    [Fact]
    public async Task A_malformed_name_fails_the_start_under_a_later_provider_too() =>
        Assert.Contains("add '/**'", (await Assert.ThrowsAsync<InvalidOperationException>(() => StartWithLateProviderAsync<EvenPolicies>("spiffe://example.org"))).Message);

    [Theory, Trait("Trial", "K-05")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_result_handler_of_the_application_is_asked_about_our_refusals_too(bool before)
    {
        await using var server = await PeerServer.StartWithAsync(
            builder =>
            {
                if (before) builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, Teapot>();
                builder.Services.AddSpiffeServerSecurity().AddAuthorizationBuilder().AddPolicy("never", policy => policy.RequireAssertion(_ => false));
                if (!before) builder.Services.AddSingleton<IAuthorizationMiddlewareResultHandler, Teapot>();
            },
            app =>
            {
                app.MapGet("/own", () => "").RequireAuthorization("never");
                app.MapGet("/policy", () => "").RequireAuthorization("spiffe://example.org/ns/shop/sa/web");
                app.MapGet("/word", () => "").RequireSpiffe("spiffe://example.org/ns/shop/sa/web");
            },
            Peers.Ops);

        foreach (var path in new[] { "/own", "/policy", "/word" }) Assert.Equal(418, (int)await server.StatusAsync(path));
        server.Peer = Peers.Web;
        foreach (var path in new[] { "/policy", "/word" }) Assert.Equal(HttpStatusCode.OK, await server.StatusAsync(path));
    }

    public static TheoryData<string, Action<WebApplication>> Replaced => new()
    {
        { "word, controller", app => app.MapFallbackToController("Open", "Conventional").RequireSpiffe("spiffe://example.org/gateway") },
        { "policy, controller", app => app.MapFallbackToController("/the-endpoint/{**rest}", "Open", "Conventional").RequireAuthorization("spiffe://example.org/gateway") },
        { "prefix, controller, group", app => app.MapGroup("/the-endpoint").RequirePathPrefix("/ops").MapFallbackToController("Open", "Conventional") },
        { "trust domain, page", app => app.MapFallbackToPage("/Page").RequireTrustDomain("example.org") },
    };

    [Theory, Trait("Trial", "H-07"), MemberData(nameof(Replaced))]
    public async Task What_is_required_of_an_endpoint_that_the_framework_replaces_fails_the_start(string what, Action<WebApplication> map)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => PeerServer.StartWithAsync(AddMvc, map));
        Assert.True(error.Message.Contains("any caller would be accepted", StringComparison.Ordinal), $"{what}: {error.Message}");
        Assert.Contains("[RequireSpiffe(", error.Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "H-07")]
    public async Task What_is_required_of_a_fallback_that_stays_holds()
    {
        await using var server = await PeerServer.StartWithAsync(AddMvc, app => app.MapFallback(() => "").RequireSpiffe("spiffe://example.org/ns/shop/sa/web"), Peers.Ops);
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusAsync("/anything"));
        server.Peer = Peers.Web;
        Assert.Equal(HttpStatusCode.OK, await server.StatusAsync("/anything"));
    }

    private static void AddMvc(WebApplicationBuilder builder)
    {
        builder.Services.AddSpiffeServerSecurity().AddControllers().AddApplicationPart(typeof(ConventionalController).Assembly);
        builder.Services.AddRazorPages();
    }

    private static Task<PeerServer> StartWithLateProviderAsync<TProvider>(params string[] policies)
        where TProvider : class, IAuthorizationPolicyProvider => PeerServer.StartWithAsync(
            builder => builder.Services.AddSpiffeServerSecurity().AddTransient<IAuthorizationPolicyProvider, TProvider>(),
            app =>
            {
                for (var i = 0; i < policies.Length; i++) app.MapGet($"/{i}", () => "").RequireAuthorization(policies[i]);
            });

    private sealed class EvenPolicies(IOptions<AuthorizationOptions> options) : IAuthorizationPolicyProvider
    {
        private readonly DefaultAuthorizationPolicyProvider _fallback = new(options);

        public Task<AuthorizationPolicy?> GetPolicyAsync(string policyName) => policyName == "even"
            ? Task.FromResult<AuthorizationPolicy?>(new AuthorizationPolicyBuilder().RequireAssertion(_ => true).Build())
            : _fallback.GetPolicyAsync(policyName);

        public Task<AuthorizationPolicy> GetDefaultPolicyAsync() => _fallback.GetDefaultPolicyAsync();

        public Task<AuthorizationPolicy?> GetFallbackPolicyAsync() => _fallback.GetFallbackPolicyAsync();
    }

    private sealed class NoPolicies : IAuthorizationPolicyProvider
    {
        public Task<AuthorizationPolicy?> GetPolicyAsync(string policyName) => Task.FromResult<AuthorizationPolicy?>(null);

        public Task<AuthorizationPolicy> GetDefaultPolicyAsync() => Task.FromResult(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());

        public Task<AuthorizationPolicy?> GetFallbackPolicyAsync() => Task.FromResult<AuthorizationPolicy?>(null);
    }

    private sealed class Teapot : IAuthorizationMiddlewareResultHandler
    {
        private readonly AuthorizationMiddlewareResultHandler _default = new();

        public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            if (authorizeResult.Succeeded) return _default.HandleAsync(next, context, policy, authorizeResult);
            context.Response.StatusCode = 418;
            return Task.CompletedTask;
        }
    }

    public sealed class MalformedHub : Microsoft.AspNetCore.SignalR.Hub
    {
        [Authorize(Policy = "spiffe://example.org")]
        public string Guarded() => "";
    }
}
