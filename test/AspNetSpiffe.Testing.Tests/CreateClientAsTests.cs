using System.Net;
using AspNetSpiffe.TestedApp;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Testing.Tests;

public sealed class CreateClientAsTests(ITestOutputHelper output) : FactoryTest(output)
{
    [Theory, Trait("Trial", "K-08")]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task The_application_sees_the_caller_that_the_test_names(Server server)
    {
        var client = Factory(server).CreateClientAs(Cart);
        Assert.Equal($"Hello, {Cart}", await client.GetStringAsync("/hello"));
        Assert.Equal($"Checked out by {Cart}", await client.GetStringAsync("/checkout"));
        Assert.Equal($"{Cart} True https", await client.GetStringAsync("/word"));
    }

    [Fact]
    public async Task An_application_with_files_endpoints_of_bundles_and_lists_of_revoked_certificates_needs_none_of_them_in_a_test()
    {
        var client = Factory(configure: builder => builder
            .UseSetting("Spiffe:Files:Layout", "CertManager").UseSetting("Spiffe:Files:Directory", "/nowhere")
            .UseSetting("Spiffe:Federation:partner.test:Url", "https://nowhere.test/").UseSetting("Spiffe:Federation:partner.test:Profile", "https_web")
            .UseSetting("Spiffe:Revocation:Lists:example.org:0", "/nowhere.crl")).CreateClientAs(Cart);
        Assert.Equal($"Hello, {Cart}", await client.GetStringAsync("/hello"));
    }

    [Theory, Trait("Trial", "K-08")]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task A_caller_whom_the_policy_does_not_mean_gets_403(Server server)
    {
        using var response = await Factory(server).CreateClientAs(Ledger).GetAsync("/checkout");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("/checkout")]
    [InlineData("/word")]
    [Trait("Trial", "K-08")]
    public async Task A_client_of_nobody_gets_401(string path)
    {
        var factory = Factory();
        factory.StartServerAs("spiffe://example.org/ns/shop/orders");
        using var response = await factory.CreateClient().GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_client_of_nobody_does_not_get_through_the_handshake_of_Kestrel()
    {
        var factory = Factory(Server.Kestrel);
        factory.StartServerAs("spiffe://example.org/ns/shop/orders");
        await Assert.ThrowsAsync<HttpRequestException>(() => factory.CreateClient().GetAsync("/hello"));
    }

    [Theory, Trait("Trial", "K-08")]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task A_caller_of_another_trust_domain_may_not_connect(Server server)
    {
        var factory = Factory(server);
        factory.StartServerAs("spiffe://example.org/ns/shop/orders");
        await Assert.ThrowsAsync<HttpRequestException>(() => factory.CreateClientAs(Partner).GetAsync("/hello"));
    }

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task Whom_AllowedPeers_names_may_connect_and_nobody_else(Server server)
    {
        var factory = Factory(server, builder => builder.UseSetting("Spiffe:AllowedPeers", "spiffe://partner.test/**"));
        factory.StartServerAs("spiffe://example.org/ns/shop/orders");
        var partner = factory.CreateClientAs(Partner);
        Assert.Equal($"Hello, {Partner}", await partner.GetStringAsync("/hello"));
        Assert.Equal(HttpStatusCode.Forbidden, (await partner.GetAsync("/word")).StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => factory.CreateClientAs(Cart).GetAsync("/hello"));
    }

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task Two_callers_call_one_host_at_the_same_time(Server server)
    {
        var factory = Factory(server);
        string[] callers = [Cart, Ledger];
        var clients = callers.ToDictionary(caller => caller, factory.CreateClientAs);
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => (Caller: callers[i % 2], Answer: await clients[callers[i % 2]].GetStringAsync("/hello"))));
        Assert.All(answers, answer => Assert.Equal($"Hello, {answer.Caller}", answer.Answer));
    }

    [Theory]
    [InlineData("spiffe://example.org/a//b")]
    [InlineData("https://example.org/a")]
    [InlineData("")]
    public void What_is_no_SPIFFE_ID_is_an_error_of_the_call(string id)
    {
        var expected = Assert.Throws<FormatException>(() => SpiffeId.Parse(id)).Message;
        Assert.Equal(expected, Assert.Throws<FormatException>(() => Factory().CreateClientAs(id)).Message);
        Assert.Equal(expected, Assert.Throws<FormatException>(() => Factory().StartServerAs(id)).Message);
    }

    [Fact]
    public void A_trust_domain_is_no_caller() =>
        Assert.Contains("'spiffe://example.org'", Assert.Throws<FormatException>(() => Factory().CreateClientAs("spiffe://example.org")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task What_the_test_configures_stays(Server server)
    {
        var factory = Factory(server, builder => builder.ConfigureTestServices(services => services.AddSingleton(new Greeting("Good morning"))));
        Assert.Equal($"Good morning, {Cart}", await factory.CreateClientAs(Cart).GetStringAsync("/hello"));
    }

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task The_clock_of_the_application_is_that_of_its_callers(Server server)
    {
        var time = new ManualTime(new DateTimeOffset(2001, 2, 3, 4, 5, 6, TimeSpan.Zero));
        var factory = Factory(server, builder => builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(time)));
        Assert.Equal($"Hello, {Cart}", await factory.CreateClientAs(Cart).GetStringAsync("/hello"));
    }

    [Theory]
    [InlineData(Server.InMemory)]
    [InlineData(Server.Kestrel)]
    public async Task Redirects_are_followed_as_the_options_of_the_factory_say(Server server)
    {
        var factory = Factory(server);
        Assert.Equal($"Hello, {Cart}", await factory.CreateClientAs(Cart).GetStringAsync("/moved"));

        factory.ClientOptions.AllowAutoRedirect = false;
        using var response = await factory.CreateClientAs(Cart).GetAsync("/moved");
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
    }
}
