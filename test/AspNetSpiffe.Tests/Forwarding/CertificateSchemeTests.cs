using System.Security.Cryptography.X509Certificates;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Tests.Kestrel;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Certificate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>Beside the schemes of <c>AddCertificate()</c>, which would build chains with the system's CAs and download what they lack.</summary>
public sealed class CertificateSchemeTests(ITestOutputHelper output) : ForwardedTest(output)
{
    private readonly string[] _stores = Kestrel.UserStores.List();

    [Fact]
    public async Task They_give_the_same_caller_of_a_forwarded_certificate_and_build_no_chain()
    {
        var server = await StartAsync();
        (string, string)[] https = [("X-Forwarded-Proto", "https")];

        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/certificate", [.. await ForwardedAsync("client"), .. https]));
        Assert.Equal("403", await AskAsync(server, "/certificate", https));
    }

    [Fact]
    public async Task Nobody_visits_the_URLs_in_a_stranger_s_certificate()
    {
        var urls = Keep(new NamedUrls());
        var stranger = new TestPki("example.org").Root.Intermediate(urls.In);
        urls.Issuer = stranger.Certificate;
        var leaf = stranger.Leaf(urls.In).Leaf;
        var server = await StartAsync();

        foreach (var path in new[] { "/caller", "/certificate" })
            Assert.StartsWith("40", await AskAsync(server, path, ("Client-Cert", ForwardedHeader.Item(leaf)), ("X-Forwarded-Proto", "https")));
        Assert.Contains("NotTrusted", await RefusalAsync());
        Assert.Empty(await urls.VisitsAsync(Timeout));
        Assert.Equal(_stores, Kestrel.UserStores.List());
    }

    [Fact]
    public async Task The_application_s_own_cache_is_asked_of_all_other_certificates()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddSingleton<ICertificateValidationCache, OneVerdict>();
        builder.Services.AddAuthentication().AddCertificate().AddSpiffeForwarded(options => options.TrustedProxies.Add("loopback"));
        var server = await StartAsync(builder);
        var cache = server.Services.GetRequiredService<ICertificateValidationCache>();
        var other = new TestPki().Leaf().Leaf;
        var http = new DefaultHttpContext { RequestServices = server.Services };

        Assert.Null(cache.Get(http, other));
        cache.Put(http, other, AuthenticateResult.Fail("remembered"));
        Assert.Equal("remembered", cache.Get(http, other)?.Failure?.Message);

        http.Features.Set(new ForwardedCertificate("SpiffeForwarded", Peers.Web, RejectionReason.None, CountsAsPeer: false));
        Assert.Equal("remembered", cache.Get(http, other)?.Failure?.Message);
    }

    [Fact]
    public async Task A_cache_that_is_registered_later_fails_the_start()
    {
        var builder = Builder(("urls", "http://127.0.0.1:0"));
        builder.Services.AddAuthentication().AddSpiffeForwarded(options => options.TrustedProxies.Add("loopback")).AddCertificateCache();
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains("Call it after AddCertificateCache()", error.Message);
    }

    private Task<WebApplication> StartAsync() => StartForwardedAsync(
        options => options.TrustedProxies.Add("loopback"),
        app => app.MapGet("/certificate", Describe).RequireAuthorization(Schemes("Certificate")),
        builder =>
        {
            builder.Services.AddAuthentication().AddCertificate();
            builder.Services.Configure<ForwardedHeadersOptions>(options => options.ForwardedHeaders = ForwardedHeaders.XForwardedProto);
            builder.Services.AddTransient<Microsoft.AspNetCore.Hosting.IStartupFilter, ForwardedFirst>();
        });

    private sealed class OneVerdict : ICertificateValidationCache
    {
        private AuthenticateResult? _last;

        public AuthenticateResult? Get(HttpContext context, X509Certificate2 certificate) => _last;

        public void Put(HttpContext context, X509Certificate2 certificate, AuthenticateResult result) => _last = result;
    }
}
