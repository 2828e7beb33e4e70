using System.Net;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Company.SpiffeWeb1.Tests;

public sealed class ServiceTests(WebApplicationFactory<Program> factory) : IClassFixture<WebApplicationFactory<Program>>
{
    [Fact]
    public async Task A_caller_is_greeted_by_its_SPIFFE_ID()
    {
        using var client = factory.CreateClientAs("spiffe://example.org/client");
        Assert.Equal("Hello, spiffe://example.org/client", await client.GetStringAsync("/hello", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("spiffe://example.org/ns/reporting/daily", HttpStatusCode.OK)]
    [InlineData("spiffe://example.org/client", HttpStatusCode.Forbidden)]
    public async Task The_report_is_for_reporting_only(string caller, HttpStatusCode expected)
    {
        using var client = factory.CreateClientAs(caller);
        using var answer = await client.GetAsync("/report", TestContext.Current.CancellationToken);
        Assert.Equal(expected, answer.StatusCode);
    }
}
