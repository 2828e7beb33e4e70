using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe.Tests.Forwarding;

/// <summary>Settings that cannot be meant fail the start, and the error says what to do.</summary>
public sealed class StartTests(ITestOutputHelper output) : ForwardedTest(output)
{
    public static TheoryData<Action<SpiffeForwardedAuthenticationOptions>, string> Mistakes => new()
    {
        { _ => { }, "SpiffeForwarded: TrustedProxies: is empty" },
        { options => options.TrustedProxies.Add("localhost"), "TrustedProxies:0: 'localhost' is neither 'loopback' nor 'unix' nor a pattern" },
        { options => options.TrustedProxies.Add("127.0.0.1"), "TrustedProxies:0: '127.0.0.1' is neither" },
        { options => options.TrustedProxies.Add("spiffe:any"), "would let every caller impersonate any other" },
        { options => options.TrustedProxies.Add("spiffe:none"), "matches no proxy" },
        { options => Trusting(options).Format = (ForwardedCertificateFormat)7, "Format: '7' is not a valid format" },
        { options => Trusting(options).HeaderName = "X-My-Cert", "HeaderName: is 'X-My-Cert', but the format ClientCert defines its own headers" },
        { options => (Trusting(options).Format, options.HeaderName) = (ForwardedCertificateFormat.EscapedPem, "a b"), "HeaderName: 'a b' is not the name of a header" },
        { options => Trusting(options).AllowedCallers = ["nobody"], "AllowedCallers:0:" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public async Task A_mistake_in_the_options_fails_the_start(Action<SpiffeForwardedAuthenticationOptions> configure, string expected)
    {
        ExpectWarning("SettingsRefused");
        AllowWarning("HostedServiceStartupFaulted");
        var error = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartForwardedAsync(configure));
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public async Task A_policy_that_may_mean_the_peer_or_the_forwarded_caller_fails_the_start()
    {
        AllowWarning("HostedServiceStartupFaulted");
        AllowWarning("");
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartForwardedAsync(
            options => Trusting(options),
            app => app.MapGet("/both", Describe).RequireAuthorization(Schemes("SpiffeForwarded", "spiffe://example.org/a"), new AuthorizeAttribute("spiffe://example.org/b"))));
        Assert.Contains("names the scheme 'SpiffeForwarded', but its policy 'spiffe://example.org/b' does not", error.Message);
        Assert.Contains("the client of the proxy", error.Message);
    }

    [Fact]
    public async Task Settings_that_change_later_change_nothing()
    {
        var server = await StartForwardedAsync(options => Trusting(options));
        server.Services.GetRequiredService<IOptionsMonitor<SpiffeForwardedAuthenticationOptions>>().Get("SpiffeForwarded").TrustedProxies.Clear();
        server.Services.GetRequiredService<IOptionsMonitorCache<SpiffeForwardedAuthenticationOptions>>().Clear();
        Assert.Equal("Forwarded /client, peer", await AskAsync(server, "/caller", await ForwardedAsync("client")));
    }

    private static SpiffeForwardedAuthenticationOptions Trusting(SpiffeForwardedAuthenticationOptions options)
    {
        options.TrustedProxies.Add("loopback");
        return options;
    }
}
