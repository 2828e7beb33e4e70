using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Dashboard;

/// <summary>Who may call what, as the page says it.</summary>
public sealed class AccessTests(ITestOutputHelper output) : DiagnosticsTest(output)
{
    [Theory]
    [InlineData("client")]
    [InlineData("admin")]
    public async Task What_the_page_says_of_a_caller_is_what_happens_to_it(string workload)
    {
        var server = await StartAsync(MapAll, Fallback);
        using var client = await ClientAsync(server, workload);
        var access = await AccessAsync(client, $"spiffe://example.org/{workload}");
        Assert.Equal("Yes", access.GetProperty("connect").GetProperty("answer").GetString());

        foreach (var endpoint in access.GetProperty("endpoints").EnumerateArray())
        {
            using var answer = await client.GetAsync(new Uri(endpoint.GetProperty("pattern").GetString()!, UriKind.Relative), Timeout);
            var expected = answer.StatusCode switch { HttpStatusCode.OK => "Yes", HttpStatusCode.Forbidden => "No", var other => $"{other}" };
            Assert.Equal($"{endpoint.GetProperty("pattern")} {expected}", $"{endpoint.GetProperty("pattern")} {endpoint.GetProperty("answer")}");
        }
    }

    [Fact]
    public async Task What_only_the_application_knows_depends()
    {
        var server = await StartAsync(app =>
        {
            app.MapSpiffeDiagnostics();
            app.MapGet("/claim", () => "in").RequireAuthorization(new AuthorizationPolicyBuilder().RequireClaim("team").Build());
            app.MapGet("/log-in", () => "in").RequireAuthorization(new AuthorizationPolicyBuilder("Cookies").RequireAuthenticatedUser().Build());
            app.MapGet("/both", () => "in").RequireSpiffe("spiffe://other/**").RequireAuthorization(new AuthorizationPolicyBuilder().RequireClaim("team").Build());
        });
        Assert.Equal(("Depends", "Depends", "No"), (await AnswerAsync(server, "/claim"), await AnswerAsync(server, "/log-in"), await AnswerAsync(server, "/both")));
    }

    [Theory]
    [InlineData("spiffe://example.org/**", null, "Yes")]
    [InlineData("spiffe://example.org/**", "Cookies", "Depends")]
    [InlineData("spiffe://other/**", null, "No")]
    [InlineData("spiffe://other/**", "Cookies", "No")]
    public void A_scheme_of_the_application_says_who_the_caller_is(string pattern, string? scheme, string answer) =>
        Assert.Equal(answer, $"{RuleReader.Read(new SpiffeRequirement(SpiffeIdPattern.Parse(pattern)), scheme, SpiffeId.Parse("spiffe://example.org/client")).Answer?.Answer}");

    [Fact]
    public async Task A_policy_that_is_not_known_is_said_to_be_and_lets_nobody_in()
    {
        var server = await StartAsync(app =>
        {
            app.MapSpiffeDiagnostics();
            app.MapGet("/unknown", () => "in").RequireAuthorization("Typo");
        });
        var endpoint = (await JsonAsync(server, "spiffe://example.org/client")).GetProperty("access").GetProperty("endpoints").EnumerateArray().Single(one => one.GetProperty("pattern").GetString() == "/unknown");
        Assert.Equal("No", endpoint.GetProperty("answer").GetString());
        Assert.Contains("Typo", endpoint.GetProperty("note").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiffe://example.org/elsewhere", "not one of the allowed peers")]
    [InlineData("spiffe://partner.example/client", "no bundle of its trust domain 'partner.example'")]
    [InlineData("spiffe://example.org", "the ID of a trust domain, not of a workload")]
    public async Task Who_may_not_connect_is_told_why(string id, string why)
    {
        var server = await StartAsync(configure: options => options.AllowedPeers = ["spiffe://example.org/client", "spiffe://partner.example/**"]);
        var connect = (await JsonAsync(server, id)).GetProperty("access").GetProperty("connect");
        Assert.Equal("No", connect.GetProperty("answer").GetString());
        Assert.Contains(why, connect.GetProperty("why").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_is_no_ID_is_told_where_it_is_wrong()
    {
        var access = (await JsonAsync(await StartAsync(), "spiffe://example.org/a//b")).GetProperty("access");
        Assert.Contains("at position 23", access.GetProperty("mistake").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, access.GetProperty("connect").ValueKind);
        Assert.All(access.GetProperty("endpoints").EnumerateArray(), one => Assert.Equal(JsonValueKind.Null, one.GetProperty("answer").ValueKind));
    }

    [Fact]
    public async Task Nobody_is_made_a_caller_and_no_handler_is_asked()
    {
        var handler = new CountingHandler();
        var server = await StartAsync(
            app =>
            {
                app.MapSpiffeDiagnostics();
                app.MapGet("/counted", () => "in").RequireAuthorization(new AuthorizationPolicyBuilder().AddRequirements(handler).Build());
            },
            services => services.AddSingleton<IAuthorizationHandler>(handler));
        Assert.Equal("Depends", await AnswerAsync(server, "/counted"));
        Assert.Equal(0, handler.Count);
    }

    private static void MapAll(WebApplication app)
    {
        app.MapSpiffeDiagnostics();
        app.MapGet("/peer", () => "in").RequireSpiffe("spiffe://example.org/client");
        app.MapGet("/any-peer", () => "in").RequireSpiffe();
        app.MapGet("/caller", () => "in").RequireAuthorization("spiffe://example.org/admin");
        app.MapGet("/domain", () => "in").RequireTrustDomain("example.org");
        app.MapGet("/other-domain", () => "in").RequireTrustDomain("other");
        app.MapGet("/path", () => "in").RequirePathPrefix("/client");
        app.MapGet("/both", () => "in").RequireSpiffe("spiffe://example.org/**").RequireAuthorization("spiffe://example.org/client");
        app.MapGet("/user", () => "in").RequireAuthorization();
        app.MapGet("/open", () => "in").RequireSpiffe("spiffe://other/**").AllowAnonymous();
        app.MapGet("/parameter", (SpiffeCaller caller) => $"{caller}");
    }

    private async Task<JsonElement> AccessAsync(HttpClient client, string id)
    {
        AllowWarning("RequirementLifted");
        using var document = JsonDocument.Parse(await GetAsync(client, path: $"/spiffe?format=json&id={id}"));
        return document.RootElement.GetProperty("access").Clone();
    }

    private async Task<string?> AnswerAsync(WebApplication server, string pattern) =>
        (await JsonAsync(server, "spiffe://example.org/client")).GetProperty("access").GetProperty("endpoints").EnumerateArray().Single(one => one.GetProperty("pattern").GetString() == pattern).GetProperty("answer").GetString();

    private sealed class CountingHandler : AuthorizationHandler<CountingHandler>, IAuthorizationRequirement
    {
        public int Count { get; private set; }

        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, CountingHandler requirement)
        {
            Count++;
            return Task.CompletedTask;
        }
    }
}
