using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Composition;

/// <summary>While a service runs, its settings change by what is said, never by what is missing.</summary>
public sealed class ReloadTests(ITestOutputHelper output) : SettingsTest(output)
{
    private const string Narrow = """{"Spiffe":{"AllowedPeers":["spiffe://example.org/admin"]}}""";
    private const string Kept = "The reloaded configuration is invalid and was rejected; the previous one is kept. ";

    private readonly string _folder = Directory.CreateTempSubdirectory("spiffe-settings-").FullName;

    private string File => Path.Combine(_folder, "appsettings.json");

    private string Override => Path.Combine(_folder, "override.json");

    protected override async ValueTask StopAsync()
    {
        await base.StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_settings_of_a_server_that_is_gone_are_not_read_again()
    {
        var read = 0;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        services.AddSpiffeServer();
        services.Configure<SpiffeServerOptions>(_ => read++);
        await using (var provider = services.BuildServiceProvider())
        {
            Assert.Null(provider.GetRequiredService<AllowedPeers>().Pattern);
            configuration.Reload();
            Assert.Equal(2, read);
        }

        configuration.Reload();
        Assert.Equal(2, read);
    }

    [Theory, Trait("Trial", "H-03"), Trait("Spec", "CF-07")]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("""{"Spiffe":{"AllowedPeers":["spiffe://example.org/adm""")]
    [InlineData("{}")]
    [InlineData("""{"Spiffe":{}}""")]
    [InlineData("""{"Spiffe":{"CloseWhenExpired":true}}""")]
    public async Task A_list_that_goes_missing_stays_as_it_was(string? text)
    {
        AllowWarning("PeerRefused");
        var server = await StartAsync(Narrow);
        Assert.Equal("admin", await AdmittedAsync(server));

        await AssertKeptAsync(server, text, Missing("AllowedPeers"));
        Assert.Equal("admin", await AdmittedAsync(server));

        // What is said counts again, a wider list too.
        Reload(server, """{"Spiffe":{"AllowedPeers":"spiffe://example.org/**"}}""");
        await WaitForAsync("AllowedPeersChanged", Timeout);
        Assert.Equal("client,admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-03")]
    public async Task A_list_that_was_narrowed_while_running_does_not_go_back_to_the_default()
    {
        AllowWarning("PeerRefused");
        var server = await StartAsync("{}");
        Assert.Equal("client,admin", await AdmittedAsync(server));
        Reload(server, Narrow);
        await WaitForAsync("AllowedPeersChanged", Timeout);

        await AssertKeptAsync(server, "{}", Missing("AllowedPeers"));
        Assert.Equal("admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-03")]
    public async Task A_list_does_not_fall_back_to_that_of_an_earlier_file_when_the_later_one_is_gone()
    {
        AllowWarning("PeerRefused");
        System.IO.File.WriteAllText(Override, Narrow);
        var server = await StartAsync("""{"Spiffe":{"AllowedPeers":["spiffe://example.org/**"]}}""");
        System.IO.File.Delete(Override);
        await AssertKeptAsync(server, """{"Spiffe":{"AllowedPeers":["spiffe://example.org/**"]}}""", Missing("AllowedPeers"));
        Assert.Equal("admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-03")]
    public async Task A_switch_and_a_time_that_go_missing_stay_as_they_were()
    {
        var server = await StartAsync("""{"Spiffe":{"CloseWhenExpired":false,"DrainTimeout":"00:00:05"}}""");
        await AssertKeptAsync(server, """{"Spiffe":{"CloseWhenExpired":true}}""", Missing("DrainTimeout"));
        var options = server.Services.GetRequiredService<AllowedPeers>().Options;
        Assert.Equal((false, TimeSpan.FromSeconds(5)), (options.CloseWhenExpired, options.DrainTimeout));
    }

    [Fact]
    public async Task A_switch_for_resumption_that_goes_missing_stays_as_it_was()
    {
        var server = await StartAsync("""{"Spiffe":{"AllowTlsResume":true}}""");
        await AssertKeptAsync(server, "{}", Missing("AllowTlsResume"));
        Assert.True(server.Services.GetRequiredService<AllowedPeers>().Options.AllowTlsResume);
    }

    [Fact, Trait("Trial", "H-03")]
    public async Task A_list_of_code_that_goes_missing_stays_as_it_was()
    {
        AllowWarning("PeerRefused");
        var builder = FileBuilder("""{"Peers":["spiffe://example.org/admin"]}""");
        builder.WebHost.UseSpiffeMtls(options => options.AllowedPeers = builder.Configuration.GetSection("Peers").Get<string[]>());
        var server = await StartAsync(builder);
        await AssertKeptAsync(server, "{}", Missing("AllowedPeers"));
        Assert.Equal("admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-03")]
    public async Task A_list_that_is_emptied_while_running_lets_nobody_in()
    {
        ExpectWarning("NobodyAllowed");
        var server = await StartAsync(Narrow);
        Reload(server, """{"Spiffe":{"AllowedPeers":[]}}""");
        Assert.Equal("The configuration was reloaded. Allowed peers: no peers.", (await WaitForAsync("AllowedPeersChanged", Timeout)).Message);
        Assert.Equal("", await AdmittedAsync(server));
    }

    [Theory, Trait("Trial", "H-18"), Trait("Spec", "CF-08")]
    [InlineData("\"DrainTimeout\":\"30 s\"", "Spiffe:DrainTimeout: '30 s' is not a time. Write hours, minutes and seconds: 00:00:30 for 30 seconds, 1.00:00:00 for a day.")]
    [InlineData("\"DrainTimeout\":\"60.00:00:00\"", "Spiffe:DrainTimeout: must be from 00:00:00 to 1.00:00:00, or -00:00:00.001 for no limit, but is 60.00:00:00.")]
    [InlineData("\"CloseWhenDisallowed\":\"never\"", "Spiffe:CloseWhenDisallowed: 'never' is neither true nor false.")]
    [InlineData("\"AllowedPeer\":\"x\"", "Spiffe:AllowedPeer: unknown key. Did you mean 'Spiffe:AllowedPeers'?")]
    [InlineData("\"Retry\":{\"Jitter\":2}", "Spiffe:Retry:Jitter: must be from 0 to 0.9, but is 2.")]
    public async Task A_mistake_in_a_changed_file_is_logged_once_and_the_last_good_settings_stay(string mistaken, string mistake)
    {
        var server = await StartAsync("""{"Spiffe":{"AllowedPeers":["spiffe://example.org/**"]}}""");
        await AssertKeptAsync(server, $$$"""{"Spiffe":{"AllowedPeers":["spiffe://example.org/admin"],{{{mistaken}}}}}""", mistake);
        Assert.Equal("client,admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-18")]
    public async Task Code_that_throws_while_the_configuration_is_reloaded_changes_nothing_and_is_told_of()
    {
        var throws = false;
        var builder = FileBuilder("""{"Spiffe":{"AllowedPeers":["spiffe://example.org/**"]}}""");
        builder.WebHost.UseSpiffeMtls(_ => { if (throws) throw new FormatException("of the application"); });
        var server = await StartAsync(builder);
        throws = true;
        await AssertKeptAsync(server, Narrow, "FormatException: of the application");
        Assert.Equal("client,admin", await AdmittedAsync(server));
    }

    [Fact, Trait("Trial", "H-18")]
    public async Task A_mistake_is_told_again_when_it_comes_back()
    {
        var server = await StartAsync(Narrow);
        await AssertKeptAsync(server, """{"Spiffe":{"AllowedPeers":"none"}}""", "Spiffe:AllowedPeers:0: The pattern 'none' does not begin with 'spiffe://' at position 0.");
        Reload(server, """{"Spiffe":{"AllowedPeers":"spiffe://example.org/**"}}""");
        await WaitForAsync("AllowedPeersChanged", Timeout);
        Reload(server, """{"Spiffe":{"AllowedPeers":"none"}}""");
        await WaitForAsync("AllowedPeersRefused", Timeout, times: 2);
    }

    private static string Missing(string key) =>
        $"Spiffe:{key}: was set, and has been removed from its source. Write the intended value; the removal is applied only after a restart.";

    private WebApplicationBuilder FileBuilder(string text)
    {
        System.IO.File.WriteAllText(File, text);
        var builder = ServerBuilder();
        builder.Configuration.AddJsonFile(File, optional: true, reloadOnChange: false).AddJsonFile(Override, optional: true, reloadOnChange: false);
        return builder;
    }

    private Task<WebApplication> StartAsync(string text)
    {
        var builder = FileBuilder(text);
        builder.WebHost.UseSpiffeMtls();
        return StartAsync(builder);
    }

    /// <summary>Saves the file, or deletes it, and reads all files again, twice as a watcher may. A file that cannot be read throws, and is then taken as empty, as a watcher does.</summary>
    private void Reload(WebApplication server, string? text)
    {
        if (text is null) System.IO.File.Delete(File);
        else System.IO.File.WriteAllText(File, text);
        foreach (var _ in Enumerable.Range(0, 2))
            try
            {
                ((IConfigurationRoot)server.Configuration).Reload();
            }
            catch (InvalidDataException)
            {
                Empty(server);
            }
    }

    // What JsonConfigurationProvider leaves of a file that it cannot read when its watcher fires, and another file's change then shows.
    private void Empty(WebApplication server)
    {
        System.IO.File.WriteAllText(File, "{}");
        ((IConfigurationRoot)server.Configuration).Reload();
    }

    private async Task AssertKeptAsync(WebApplication server, string? text, string mistake)
    {
        ExpectWarning("AllowedPeersRefused");
        Reload(server, text);
        Assert.Equal(Kept + mistake, (await WaitForAsync("AllowedPeersRefused", Timeout)).Message);
        Assert.Single(Logs.All, record => record.Event.Name == "AllowedPeersRefused");
    }
}
