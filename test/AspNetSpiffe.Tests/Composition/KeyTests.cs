using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>A key of the section <c>Spiffe</c> is read, or fails the start.</summary>
public sealed class KeyTests(ITestOutputHelper output) : SettingsTest(output)
{
    [Theory, Trait("Trial", "H-02"), Trait("Spec", "CF-01")]
    [InlineData("environment", "Spiffe__AllowedPeer__0=spiffe://example.org/admin", "Spiffe:AllowedPeer", "Spiffe:AllowedPeers")]
    [InlineData("arguments", "--Spiffe:AllowedPers spiffe://example.org/admin", "Spiffe:AllowedPers", "Spiffe:AllowedPeers")]
    [InlineData("json", """{"spiffe":{"allowedpeerz":["spiffe://example.org/admin"]}}""", "Spiffe:allowedpeerz", "Spiffe:AllowedPeers")]
    [InlineData("json", """{"Spiffe":{"Allowed_Peers":[]}}""", "Spiffe:Allowed_Peers", "Spiffe:AllowedPeers")]
    [InlineData("memory", "Spiffe:CloseWhenExpird=false", "Spiffe:CloseWhenExpird", "Spiffe:CloseWhenExpired")]
    [InlineData("memory", "Spiffe:Retry:InitialDelai=00:00:01", "Spiffe:Retry:InitialDelai", "Spiffe:Retry:InitialDelay")]
    [InlineData("memory", "Spiffe:Retri:MaxDelay=00:00:01", "Spiffe:Retri", "Spiffe:Retry")]
    [InlineData("memory", "Spiffe:Peers=spiffe://example.org/admin", "Spiffe:Peers", "Spiffe:AllowedPeers")]
    [InlineData("memory", "Spiffe:MaxSvids=1", "Spiffe:MaxSvids", "Spiffe:Limits:MaxSvids")]
    [InlineData("memory", "Spiffe:Limits:AllowedPeers:0=spiffe://example.org/admin", "Spiffe:Limits:AllowedPeers", "Spiffe:AllowedPeers")]
    public async Task A_key_that_nobody_reads_fails_the_start_and_names_the_nearest(string source, string text, string key, string nearest) =>
        await AssertNamesAsync((source, text), $"{key}: unknown key. Did you mean '{nearest}'?");

    [Fact, Trait("Trial", "H-02")]
    public async Task A_key_that_is_near_to_none_fails_the_start_and_lists_all() => await AssertRefusedAsync(
        ("memory", "Spiffe:Whom=spiffe://example.org/admin"),
        "Spiffe:Whom: unknown key. The keys are Spiffe:AllowedPeers, Spiffe:AllowTlsResume, Spiffe:CloseBeforeExpiry, Spiffe:CloseWhenDisallowed, Spiffe:CloseWhenExpired, Spiffe:CloseWhenUntrusted, Spiffe:DrainTimeout, Spiffe:EndpointSocket, " +
        "Spiffe:Federation:*:BundleFile, Spiffe:Federation:*:EndpointId, Spiffe:Federation:*:FollowRedirects, Spiffe:Federation:*:Profile, " +
        "Spiffe:Federation:*:RootsFile, Spiffe:Federation:*:Url, " +
        "Spiffe:Files:Bundle, Spiffe:Files:BundleMap, Spiffe:Files:Certificate, Spiffe:Files:Directory, Spiffe:Files:FederatedBundles:*, Spiffe:Files:Key, Spiffe:Files:Layout, " +
        "Spiffe:Hint, Spiffe:Identity, Spiffe:IdentityRevocation, Spiffe:Limits:MaxBundles, Spiffe:Limits:MaxChainLength, Spiffe:Limits:MaxLeafBytes, Spiffe:Limits:MaxMessageBytes, Spiffe:Limits:MaxNames, " +
        "Spiffe:Limits:MaxSvids, Spiffe:RequireHttpsEndpoint, Spiffe:Retry:InitialDelay, Spiffe:Retry:Jitter, Spiffe:Retry:MaxDelay, Spiffe:Revocation:Lists:*, Spiffe:Revocation:OnUnknown, Spiffe:Revocation:RefreshInterval, Spiffe:StartupTimeout, " +
        "Spiffe:WithdrawalDelay.");

    [Fact, Trait("Trial", "H-02")]
    public async Task A_text_where_keys_are_meant_fails_the_start()
    {
        await AssertRefusedAsync(
            ("json", """{"Spiffe":"spiffe://example.org/admin"}"""),
            "Spiffe: is a section, but has the value 'spiffe://example.org/admin'. Write its keys below it.");
    }

    [Fact, Trait("Trial", "O-07"), Trait("Spec", "CF-02")]
    public async Task All_mistakes_of_all_options_come_in_one_error_that_is_told_once_without_a_stack()
    {
        var builder = ServerBuilder(("json", """
            {
              "Spiffe": {
                "AllowedPeers": ["spiffe://example.org/**", "spiffe://*/x"],
                "AllowedPeer": ["spiffe://example.org/admin"],
                "DrainTimeout": 30,
                "CloseWhenExpired": "no",
                "EndpointSocket": "unix://tmp/agent.sock",
                "Identity": "",
                "Limits": { "MaxSvids": "many", "MaxNames": 0 },
                "IdentityRevocation": "1",
                "Retry": { "Jitter": "a little", "InitialDelay": { "Value": "00:00:01" } },
                "StartupTimeout": "-00:00:05",
                "WithdrawalDelay": "3 s"
              }
            }
            """));
        builder.WebHost.UseSpiffeMtls();
        builder.Services.AddAuthentication().AddSpiffeJwt(_ => { });
        await AssertRefusedAsync(
            () => StartAsync(builder),
            "Spiffe:Identity: is empty. Write a value, or remove the key.",
            "Spiffe:IdentityRevocation: '1' is none of Withdraw, KeepUntilExpiry.",
            "Spiffe:WithdrawalDelay: '3 s' is not a time. Write hours, minutes and seconds: 00:00:30 for 30 seconds, 1.00:00:00 for a day.",
            "Spiffe:Retry:InitialDelay: is a single value and cannot have keys of its own such as 'Value'.",
            "Spiffe:Retry:Jitter: 'a little' is not a number such as 0.2.",
            "Spiffe:Limits:MaxSvids: 'many' is not a whole number.",
            "Spiffe:EndpointSocket: 'unix://tmp/agent.sock' is not an address of a Workload API: 'tmp' is in the place of a host name; write three slashes, as in 'unix:///tmp/agent.sock'.",
            "Spiffe:StartupTimeout: must be from 00:00:00.0010000 to 1.00:00:00, or -00:00:00.001 for no limit, but is -00:00:05.",
            "Spiffe:Limits:MaxNames: must be from 1 to 10000, but is 0.",
            "Spiffe:AllowedPeer: unknown key. Did you mean 'Spiffe:AllowedPeers'?",
            "Spiffe:CloseWhenExpired: 'no' is neither true nor false.",
            "Spiffe:DrainTimeout: '30' is a number without a unit, which could mean days or seconds. Write 00:00:30 for 30 seconds.",
            "Spiffe:AllowedPeers:1: The pattern 'spiffe://*/x' has a '*' in the trust domain at position 9; list each trust domain, or write 'spiffe:any' for any verified peer.",
            "SpiffeJwt: Audiences: is empty, so every token would be rejected. Add the name of this service that its callers use as audience: " +
            "AddSpiffeJwt(options => options.Audiences.Add(\"https://orders.example.org\")).");
    }

    [Fact, Trait("Trial", "O-07")]
    public async Task Mistakes_in_the_settings_of_a_worker_are_told_once_too() =>
        await AssertRefusedAsync(() => StartWorkerAsync(("Spiffe:StartupTimeout", "30")), "Spiffe:StartupTimeout: '30' is a number without a unit, which could mean days or seconds. Write 00:00:30 for 30 seconds.");

    [Fact, Trait("Trial", "H-02"), Trait("Spec", "CF-03")]
    public async Task A_key_of_a_server_fails_the_start_of_a_worker_which_cannot_honour_it() => await AssertRefusedAsync(
        () => StartWorkerAsync(("Spiffe:AllowedPeers:0", "spiffe://example.org/admin")),
        "Spiffe:AllowedPeers: this key is used by servers only, and this host has no server. Remove it, or call 'builder.WebHost.UseSpiffeMtls()'.");

    [Fact]
    public async Task A_worker_starts_with_the_keys_that_it_reads()
    {
        await StartWorkerAsync(("Spiffe:startuptimeout", "00:00:10"), ("Spiffe:Retry:MaxDelay", "00:00:05"), ("Other", "x"));
        Assert.DoesNotContain(Logs.All, record => record.Level >= LogLevel.Warning);
    }

    [Fact]
    public void Workload_knows_the_keys_of_the_server() => Assert.Equal(SpiffeServerOptionsSetup.Keys.Append(EndpointModes.Section).Order(StringComparer.Ordinal), UnreadKeys.OfServers);

    [Fact]
    public void Each_option_has_its_key()
    {
        Assert.Equal(PropertiesOf(typeof(SpiffeServerOptions)), SpiffeServerOptionsSetup.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            PropertiesOf(typeof(SpiffeOptions)).Except(["Federation", "Files", "Provider", "Retry", "Revocation", "Limits"])
                .Concat(PropertiesOf(typeof(SpiffeFederationOptions)).Select(p => $"Federation:*:{p}"))
                .Concat(PropertiesOf(typeof(SpiffeRevocationOptions)).Select(p => p == "Lists" ? "Revocation:Lists:*" : $"Revocation:{p}"))
                .Concat(PropertiesOf(typeof(SpiffeFileOptions)).Select(p => p == "FederatedBundles" ? $"Files:{p}:*" : $"Files:{p}"))
                .Concat(PropertiesOf(typeof(SpiffeRetryOptions)).Select(p => $"Retry:{p}"))
                .Concat(PropertiesOf(typeof(SpiffeLimits)).Select(p => $"Limits:{p}"))
                .Order(StringComparer.Ordinal),
            SpiffeOptionsSetup.Keys.Order(StringComparer.Ordinal));

        static IEnumerable<string> PropertiesOf(Type options) => options.GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal);
    }

    private Task AssertNamesAsync((string, string) settings, string mistake) => AssertRefusedAsync(settings, mistake);

    private async Task StartWorkerAsync(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        foreach (var (key, value) in settings.Append(("Spiffe:EndpointSocket", Agent.AddressOf("client")))) builder.Configuration[key] = value;
        builder.Logging.AddProvider(Logs);
        builder.Services.AddSpiffe();
        using var host = builder.Build();
        await host.StartAsync(Timeout);
        await host.StopAsync(Timeout);
    }
}
