using System.Net;
using Microsoft.AspNetCore.Builder;

namespace AspNetSpiffe.Tests.Clients;

/// <summary>A token is for the server that was called, not for the one that it names.</summary>
public sealed class RedirectedTokenTests(ITestOutputHelper output) : BearerTest(output)
{
    [Theory, Trait("Spec", "JW-19")]
    [InlineData("http", "http")]
    [InlineData("http", "https")]
    [InlineData("https", "https")]
    public async Task A_redirect_to_another_server_takes_no_token_along(string from, string to)
    {
        var (server, other) = (await StartPlainAsync(from), await StartPlainAsync(to));
        using var client = Bearer(server, allowInsecureHttp: true);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, To(other)));
        AssertOnlyTheFirstHadIt();
    }

    [Fact, Trait("Spec", "JW-19")]
    public async Task A_redirect_over_mutual_TLS_takes_no_token_along()
    {
        var (server, other) = (await StartServerAsync(map: Record), await StartServerAsync(map: Record));
        using var client = Bearer(server, inner: SpiffeHttpHandler.Create(await SourceAsync("client"), SpiffeIdPattern.Parse(Expected)));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, To(other)));
        AssertOnlyTheFirstHadIt();
    }

    [Fact, Trait("Spec", "JW-19")]
    public async Task A_redirect_from_https_to_http_is_not_followed()
    {
        var (server, other) = (await StartPlainAsync("https"), await StartPlainAsync("http"));
        using var client = Bearer(server, allowInsecureHttp: true);
        Assert.Equal(HttpStatusCode.TemporaryRedirect, await CallAsync(client, To(other)));
        Assert.Single(Arrived);
    }

    [Theory, Trait("Spec", "JW-19")]
    [InlineData("target")]
    [InlineData("abort")]
    public async Task A_redirected_request_that_is_sent_again_takes_no_token_along(string path)
    {
        var (server, other) = (await StartPlainAsync("https"), await StartPlainAsync("https"));
        using var client = Client(UrlOf(server), new SendTwice { InnerHandler = new JwtSvidHandler(Tokens(), Audience) { InnerHandler = AnyServer() } });
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, To(other, path)));
        Assert.Equal(["/to", "/" + path, "/" + path], Arrived.Select(a => a.Path));
        Assert.Equal([true, false, false], Arrived.Select(a => a.Authorization.Length > 0));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_has_a_token_again()
    {
        var server = await StartPlainAsync("https");
        using var client = Client(UrlOf(server), new SendTwice { InnerHandler = new JwtSvidHandler(Tokens(), Audience) { InnerHandler = AnyServer() } });
        Assert.Equal(HttpStatusCode.OK, await CallAsync(client, "/abort"));
        Assert.Equal([true, true], Arrived.Select(a => a.Authorization.Length > 0));
    }

    private static string To(WebApplication other, string path = "target") => $"/to?{UrlOf(other)}{path}";

    private void AssertOnlyTheFirstHadIt()
    {
        Assert.Equal(["/to", "/target"], Arrived.Select(a => a.Path));
        Assert.StartsWith("Bearer ", Arrived.First().Authorization, StringComparison.Ordinal);
        Assert.Empty(Arrived.Last().Authorization);
    }

    /// <summary>Sends the same message again, whatever the answer, as the handlers of resilience libraries do.</summary>
    private sealed class SendTwice : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                using var first = await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException)
            {
                // That is what the second one is for.
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
