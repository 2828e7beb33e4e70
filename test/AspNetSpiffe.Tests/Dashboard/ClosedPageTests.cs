using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Dashboard;

/// <summary>Who may read the diagnostics page: outside Development, only those whom the application names.</summary>
public sealed class ClosedPageTests(ITestOutputHelper output) : DiagnosticsTest(output)
{
    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    public Task Outside_Development_a_page_that_demands_nothing_fails_the_start(string environment) =>
        AssertClosedAsync("has no authorization requirement", app => app.MapSpiffeDiagnostics(), environment: environment);

    [Fact]
    public Task A_fallback_policy_is_no_demand_of_the_page() => AssertClosedAsync("has no authorization requirement", app => app.MapSpiffeDiagnostics(), Fallback);

    [Fact]
    public Task A_demand_that_AllowAnonymous_lifts_is_none() =>
        AssertClosedAsync("AllowAnonymous", app => app.MapGroup("/").AllowAnonymous().MapSpiffeDiagnostics("/spiffe").RequireAuthorization());

    [Fact]
    public Task A_policy_that_authorization_alone_would_read_is_no_demand() =>
        AssertClosedAsync("has no authorization requirement", app => app.MapSpiffeDiagnostics().WithMetadata(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build()));

    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    [InlineData("development2")]
    public async Task A_page_that_demands_a_policy_answers_those_whom_it_means(string environment)
    {
        var server = await StartAsync(app => app.MapSpiffeDiagnostics().RequireSpiffe("spiffe://example.org/admin"), environment: environment);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "admin"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, "client"));
        using var anonymous = await AskAsync(server);
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        Assert.DoesNotContain("example.org", await anonymous.Content.ReadAsStringAsync(Timeout), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demand_may_be_of_its_group()
    {
        var server = await StartAsync(app => app.MapGroup("/").RequireSpiffe("spiffe://example.org/admin").MapSpiffeDiagnostics("/spiffe"), environment: "Production");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "admin"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(server, "client"));
    }

    [Fact]
    public async Task In_Development_it_answers_without_a_policy()
    {
        using var answer = await AskAsync(await StartAsync());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task In_Development_a_fallback_policy_of_the_application_holds()
    {
        using var answer = await AskAsync(await StartAsync(services: Fallback));
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task A_service_without_an_identity_has_no_page()
    {
        var mistake = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(Builder(("urls", "http://127.0.0.1:0")), app => app.MapSpiffeDiagnostics()));
        Assert.Contains("UseSpiffeMtls()", mistake.Message, StringComparison.Ordinal);
    }

    private async Task AssertClosedAsync(string why, Action<WebApplication> map, Action<IServiceCollection>? services = null, string environment = "Production")
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var mistake = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(map, services, environment));
        Assert.Contains(why, mistake.Message, StringComparison.Ordinal);
        Assert.Contains("RequireSpiffe(", mistake.Message, StringComparison.Ordinal);
    }

    private async Task<HttpStatusCode> StatusAsync(WebApplication server, string workload)
    {
        using var client = await ClientAsync(server, workload);
        using var answer = await client.GetAsync(new Uri("/spiffe", UriKind.Relative), Timeout);
        return answer.StatusCode;
    }
}
