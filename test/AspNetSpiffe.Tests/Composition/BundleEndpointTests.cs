using System.Net;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>The bundle of our own trust domain, as those read it who federate with it.</summary>
public sealed class BundleEndpointTests(ITestOutputHelper output) : MeshTest(output)
{
    [Fact, Trait("Spec", "FD-07")]
    public async Task It_is_the_newest_bundle_as_a_document()
    {
        var server = await StartAsync();
        var document = await ReadAsync(server);

        var bundle = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), document);
        Assert.Empty(bundle.Remarks);
        Assert.Equal(Agent.X509Authorities.Select(authority => authority.Thumbprint), bundle.X509.Authorities.Select(authority => authority.Thumbprint));
        Assert.NotEmpty(bundle.Jwt.Authorities);
        Assert.Equal(TimeSpan.FromMinutes(5), bundle.RefreshHint);
    }

    [Fact, Trait("Spec", "FD-16")]
    public async Task A_new_authority_is_in_it_before_it_signs()
    {
        var server = await StartAsync();
        var before = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), await ReadAsync(server));
        var changed = server.Services.GetRequiredService<X509Source>().GetChangeToken().ChangedAsync(Timeout);
        Agent.PrepareAuthority();
        await changed;

        var after = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), await ReadAsync(server));
        Assert.Equal(before.X509.Authorities.Length + 1, after.X509.Authorities.Length);
        Assert.Equal(before.X509.Authorities, after.X509.Authorities.Take(before.X509.Authorities.Length));
    }

    [Fact, Trait("Spec", "FD-07")]
    public async Task It_is_read_with_GET_and_HEAD_and_nothing_else()
    {
        using var client = new HttpClient { BaseAddress = AddressOf(await StartAsync(), "http") };
        using var get = await client.GetAsync(new Uri("/bundle", UriKind.Relative), Timeout);
        Assert.Equal("application/json", get.Content.Headers.ContentType?.MediaType);

        using var headRequest = new HttpRequestMessage(HttpMethod.Head, "/bundle");
        using var head = await client.SendAsync(headRequest, Timeout);
        Assert.Equal((HttpStatusCode.OK, get.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));

        using var again = new HttpRequestMessage(HttpMethod.Get, "/bundle") { Headers = { { "If-None-Match", $"{get.Headers.ETag}" } } };
        using var same = await client.SendAsync(again, Timeout);
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);

        using var post = await client.PostAsync(new Uri("/bundle", UriKind.Relative), null, Timeout);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact, Trait("Spec", "FD-06")]
    public async Task Nobody_is_asked_who_he_is_whatever_the_application_asks_of_others()
    {
        var server = await StartAsync(services: services => services.AddAuthorizationBuilder().SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder("Spiffe").RequireAuthenticatedUser().Build()));
        using var client = new HttpClient { BaseAddress = AddressOf(server, "http") };
        using var other = await client.GetAsync(new Uri("/", UriKind.Relative), Timeout);

        Assert.Equal(HttpStatusCode.Unauthorized, other.StatusCode);
        Assert.NotEmpty(await ReadAsync(server));
    }

    [Fact]
    public async Task Without_keys_of_tokens_it_has_none()
    {
        var server = await StartAsync(options => (options.JwtKeys, options.RefreshHint) = (false, TimeSpan.FromHours(1)));
        var bundle = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), await ReadAsync(server));
        Assert.Empty(bundle.Jwt.Authorities);
        Assert.Equal(TimeSpan.FromHours(1), bundle.RefreshHint);
    }

    [Fact]
    public async Task Before_there_is_a_bundle_it_says_to_come_again()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddSpiffeSources();
        var server = await StartAsync(builder, app => app.MapSpiffeBundle("/bundle"));
        using var client = new HttpClient { BaseAddress = AddressOf(server, "http") };
        using var answer = await client.GetAsync(new Uri("/bundle", UriKind.Relative), Timeout);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(5), answer.Headers.RetryAfter?.Delta);
    }

    [Theory]
    [InlineData(59_000)]
    [InlineData(86_401_000)]
    [InlineData(60_500)]
    public async Task A_refresh_hint_that_no_document_can_have_fails_the_start(int milliseconds) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(options => options.RefreshHint = TimeSpan.FromMilliseconds(milliseconds)));

    private Task<WebApplication> StartAsync(Action<SpiffeBundleEndpointOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddSpiffeServer();
        services?.Invoke(builder.Services);
        return StartAsync(builder, app => app.MapSpiffeBundle("/bundle", configure));
    }

    // The keys of tokens come by a stream of their own.
    private async Task<byte[]> ReadAsync(WebApplication server)
    {
        await server.Services.GetRequiredService<JwtBundleSource>().WaitForFirstAsync(Timeout);
        using var client = new HttpClient { BaseAddress = AddressOf(server, "http") };
        return await client.GetByteArrayAsync(new Uri("/bundle", UriKind.Relative), Timeout);
    }
}
