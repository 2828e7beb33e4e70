using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.Tests.Modes;

/// <summary>The page on the modes says what the tests do, and its settings and code work.</summary>
public sealed partial class ModePageTests(ITestOutputHelper output) : ModeTest(output)
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs", "tls-modes.md"));

    [Fact]
    public void Each_claim_has_a_test_that_is_there()
    {
        var tests = NamedTest().Matches(Page).ToDictionary(match => match.Groups[1].Value, match => (Class: match.Groups[2].Value, Method: match.Groups[3].Value));
        Assert.Equal(tests.Keys.Order(StringComparer.Ordinal), Reference().Matches(Page).Select(match => match.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

        var sources = Directory.EnumerateFiles(Repository.PathOf("test"), "*Tests.cs", SearchOption.AllDirectories).ToLookup(Path.GetFileNameWithoutExtension);
        Assert.All(tests.Values, test => Assert.Contains(sources[test.Class], file => File.ReadAllText(file).Contains($" {test.Method}(", StringComparison.Ordinal)));
    }

    [Fact]
    public void Each_mode_has_a_row_with_a_test_in_each_cell_that_claims_what_is_proved()
    {
        string[] modes = [.. Enum.GetNames<SpiffeServerMode>(), .. Enum.GetNames<SpiffeClientMode>()];
        var rows = Page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Trim('|').Split('|')).ToArray();
        Assert.Equal(modes, rows.Select(cells => cells[0].Trim().Split('`')[1]));
        Assert.All(rows, cells =>
        {
            Assert.Equal(5, cells.Length);
            Assert.All(cells[1..4], cell => Assert.Matches(Reference(), cell));
            Assert.NotEmpty(cells[4].Trim());
        });
    }

    [Fact]
    public async Task The_settings_start_a_service_with_each_of_its_modes()
    {
        var json = AnyPort().Replace(Page.Split("```json\n")[1].Split("```")[0], "https://127.0.0.1:0");
        var builder = Builder();
        builder.Configuration.AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        builder.WebHost.UseSpiffeMtls();
        foreach (var client in new[] { "orders", "catalogue", "bank" }) builder.Services.AddHttpClient(client).AddSpiffeFromConfiguration();
        var server = await StartAsync(builder);

        using var nobody = new HttpClient(AnyServer());
        var answers = new List<string>();
        foreach (var url in server.Urls)
        {
            try
            {
                answers.Add(await nobody.GetStringAsync(new Uri(url), Timeout));
            }
            catch (HttpRequestException)
            {
                answers.Add("refused");
            }
        }

        Assert.Equal(["nobody", "nobody", "refused"], answers.Order(StringComparer.Ordinal));
        foreach (var client in new[] { "orders", "catalogue", "bank" }) server.Services.GetRequiredService<IHttpClientFactory>().CreateClient(client).Dispose();
    }

    [Fact]
    public async Task The_code_starts_a_service()
    {
        var (builder, certificate) = (Builder(), WebCertificate());

        // The very lines of the page, with ports that are free.
        builder.WebHost.UseSpiffeMtls();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(SpiffeServerMode.NoClientCertificate));
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseSpiffe(SpiffeServerMode.WebCertificate, https => https.ServerCertificate = certificate));
        });
        builder.Services.AddHttpClient("orders").AddSpiffeMtls("spiffe://example.org/orders");
        builder.Services.AddHttpClient("catalogue").AddSpiffeTls("spiffe://example.org/catalogue");
        builder.Services.AddHttpClient("bank").AddSpiffeMtlsToWeb();
        var server = await StartAsync(builder);
        Assert.Equal(2, server.Urls.Count);
        foreach (var client in new[] { "orders", "catalogue", "bank" }) server.Services.GetRequiredService<IHttpClientFactory>().CreateClient(client).Dispose();

        var here = File.ReadAllText(Repository.PathOf("test", "AspNetSpiffe.Tests", "Modes", "ModePageTests.cs"));
        var lines = CodeBlock().Matches(Page).SelectMany(block => block.Groups[1].Value.Split('\n')).Select(line => Port().Replace(line.Trim(), "Listen(IPAddress.Loopback, 0,"));
        Assert.All(lines, line => Assert.Contains(line, here, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\| ([SC][a-z]) \| `(\w+)\.(\w+)` \|")]
    private static partial Regex NamedTest();

    [GeneratedRegex(@"\[([SC][a-z])\]")]
    private static partial Regex Reference();

    [GeneratedRegex(@"https://\*:\d+")]
    private static partial Regex AnyPort();

    [GeneratedRegex(@"ListenAnyIP\(\d+,")]
    private static partial Regex Port();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
