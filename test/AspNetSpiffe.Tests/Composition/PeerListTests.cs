using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>Who may connect, said in every way that there is.</summary>
public sealed class PeerListTests(ITestOutputHelper output) : SettingsTest(output)
{
    private const string AdminId = "spiffe://example.org/admin";
    private const string ClientId = "spiffe://example.org/client";

    [Theory, Trait("Trial", "H-02"), Trait("Spec", "CF-04")]
    [InlineData("json", $$$"""{"Spiffe":{"AllowedPeers":"{{{AdminId}}}"}}""", "admin")]
    [InlineData("json", $$$"""{"Spiffe":{"AllowedPeers":"{{{AdminId}}}, {{{ClientId}}}"}}""", "client,admin")]
    [InlineData("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{AdminId}}}"]}}""", "admin")]
    [InlineData("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{AdminId}}}","{{{AdminId}}}"," {{{ClientId}}} "]}}""", "client,admin")]
    [InlineData("json", $$$"""{"SPIFFE":{"allowedpeers":["spiffe://other/x,{{{ClientId}}}"]}}""", "client")]
    [InlineData("environment", $"Spiffe__AllowedPeers={AdminId}", "admin")]
    [InlineData("environment", $"Spiffe__AllowedPeers={AdminId},{ClientId}", "client,admin")]
    [InlineData("environment", $"Spiffe__AllowedPeers__0={AdminId} Spiffe__AllowedPeers__7={ClientId}", "client,admin")]
    [InlineData("environment", $"SPIFFE__ALLOWEDPEERS={ClientId}", "client")]
    [InlineData("arguments", $"--Spiffe:AllowedPeers={AdminId}", "admin")]
    [InlineData("arguments", $"--Spiffe:AllowedPeers:0 {AdminId}", "admin")]
    [InlineData("memory", "Unrelated=x", "client,admin")]
    public async Task A_text_and_a_list_mean_the_same(string source, string text, string admitted)
    {
        AllowWarning("PeerRefused");
        Assert.Equal(admitted, await AdmittedAsync(await StartServerAsync([(source, text)])));
    }

    [Theory, Trait("Trial", "H-02"), Trait("Spec", "CF-05")]
    [InlineData("json", """{"Spiffe":{"AllowedPeers":[]}}""")]
    [InlineData("environment", "Spiffe__AllowedPeers=")]
    [InlineData("memory", "Spiffe:AllowedPeers=spiffe:none")]
    public async Task An_empty_list_means_nobody_and_says_so(string source, string text)
    {
        ExpectWarning("NobodyAllowed");
        Assert.Equal("", await AdmittedAsync(await StartServerAsync([(source, text)])));
        Assert.Equal("Spiffe:AllowedPeers is empty: no peer is allowed to connect.", (await WaitForAsync("NobodyAllowed", Timeout)).Message);
    }

    [Fact, Trait("Trial", "H-02")]
    public async Task An_empty_list_in_code_means_nobody()
    {
        ExpectWarning("NobodyAllowed");
        Assert.Equal("", await AdmittedAsync(await StartServerAsync([], options => options.AllowedPeers = [])));
    }

    [Theory, Trait("Trial", "H-02")]
    [InlineData("""{"AllowedPeers":null}""", "Spiffe:AllowedPeers: is null, which is ambiguous. Write patterns, an empty list to allow no peer, or remove the key.")]
    [InlineData("""{"AllowedPeers":{}}""", "Spiffe:AllowedPeers: is null, which is ambiguous. Write patterns, an empty list to allow no peer, or remove the key.")]
    [InlineData("""{"AllowedPeers":{"first":"spiffe://example.org/admin"}}""", "Spiffe:AllowedPeers:first: is not an entry of a list. The keys of its entries are numbers: Spiffe:AllowedPeers:0.")]
    [InlineData("""{"AllowedPeers":["spiffe://example.org/admin",""]}""", "Spiffe:AllowedPeers:1: is not a string. Each entry of the list must be a non-empty string.")]
    [InlineData("""{"AllowedPeers":[["spiffe://example.org/admin"]]}""", "Spiffe:AllowedPeers:0: is not a string. Each entry of the list must be a non-empty string.")]
    [InlineData("""{"AllowedPeers":[null]}""", "Spiffe:AllowedPeers:0: is not a string. Each entry of the list must be a non-empty string.")]
    [InlineData("""{"AllowedPeers":" "}""", "Spiffe:AllowedPeers:0: The pattern ' ' has an empty alternative at position 1; write one pattern, or several separated by commas.")]
    [InlineData("""{"AllowedPeers":"spiffe://example.org/admin,"}""", "Spiffe:AllowedPeers:0: The pattern 'spiffe://example.org/admin,' has an empty alternative at position 27; write one pattern, or several separated by commas.")]
    [InlineData("""{"AllowedPeers":"true"}""", "Spiffe:AllowedPeers:0: The pattern 'true' does not begin with 'spiffe://' at position 0.")]
    [InlineData("""{"AllowedPeers":["spiffe:any","spiffe://example.org/admin"]}""", "Spiffe:AllowedPeers: In the pattern 'spiffe:any,spiffe://example.org/admin', 'spiffe:any' at position 0 must be the only pattern; remove it or the others.")]
    public async Task A_list_that_is_none_fails_the_start(string section, string mistake) => await AssertRefusedAsync(("json", $$$"""{"Spiffe":{{{section}}}}"""), mistake);

    [Fact, Trait("Trial", "H-02")]
    public async Task A_text_and_a_list_in_one_source_fail_the_start() => await AssertRefusedAsync(
        ("environment", $"Spiffe__AllowedPeers={AdminId} Spiffe__AllowedPeers__0={ClientId}"),
        $"Spiffe:AllowedPeers: is both a string ('{AdminId}') and a list. Keep one of them.");

    [Fact, Trait("Trial", "H-02")]
    public async Task A_null_in_code_is_named() => await AssertRefusedAsync(
        () => StartServerAsync([], options => options.AllowedPeers = [AdminId, null!]), "Spiffe:AllowedPeers:1: is null.");

    [Theory, Trait("Trial", "H-04"), Trait("Spec", "CF-06")]
    [InlineData("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{ClientId}}}"]}}""", "client")]
    [InlineData("environment", $"Spiffe__AllowedPeers={ClientId}", "client")]
    [InlineData("environment", $"Spiffe__AllowedPeers__1={ClientId}", "client")]
    [InlineData("arguments", $"--Spiffe:AllowedPeers:0={ClientId}", "client")]
    [InlineData("memory", "Unrelated=x", "admin")]
    public async Task The_last_source_that_has_a_list_gives_all_of_it(string source, string text, string admitted)
    {
        AllowWarning("PeerRefused");
        var server = await StartServerAsync([("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{AdminId}}}","spiffe://example.org/x/**"]}}"""), (source, text)]);
        Assert.Equal(admitted, await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-04")]
    public async Task An_empty_list_replaces_an_earlier_one()
    {
        ExpectWarning("NobodyAllowed");
        var server = await StartServerAsync([("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{AdminId}}}"]}}"""), ("json", """{"Spiffe":{"AllowedPeers":[]}}""")]);
        Assert.Equal("", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-04")]
    public async Task A_list_of_a_chained_configuration_is_replaced_too()
    {
        AllowWarning("PeerRefused");
        var inner = new ConfigurationBuilder();
        Add(inner, "memory", $"Spiffe:AllowedPeers:0={AdminId} Spiffe:AllowedPeers:1=spiffe://example.org/x/**");
        var builder = ServerBuilder();
        builder.Configuration.AddConfiguration(inner.Build());
        Add(builder.Configuration, "memory", $"Spiffe:AllowedPeers:0={ClientId}");
        builder.WebHost.UseSpiffeMtls();
        Assert.Equal("client", await AdmittedAsync(await StartAsync(builder)));
    }

    [Theory, Trait("Trial", "H-04")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_list_in_code_replaces_that_of_the_configuration_in_any_order_of_calls(bool before)
    {
        AllowWarning("PeerRefused");
        var builder = ServerBuilder(("json", $$$"""{"Spiffe":{"AllowedPeers":["{{{AdminId}}}","spiffe://example.org/**"]}}"""));
        if (before) builder.Services.Configure<SpiffeServerOptions>(options => options.AllowedPeers = [ClientId]);
        builder.WebHost.UseSpiffeMtls();
        if (!before) builder.Services.Configure<SpiffeServerOptions>(options => options.AllowedPeers = [ClientId]);
        Assert.Equal("client", await AdmittedAsync(await StartAsync(builder)));
    }
}
