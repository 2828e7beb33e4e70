using System.Text;
using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;
using Microsoft.Extensions.Configuration;

namespace AspNetSpiffe.Workload.Tests.Federation;

/// <summary>What docs/federation.md tells to write.</summary>
public sealed partial class FederationPageTests(ITestOutputHelper output) : FederationTest(output)
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("docs", "federation.md"));

    [Fact]
    public void Its_settings_are_read_and_have_no_mistake()
    {
        const string File = "/etc/spiffe/factory.example.json";
        var json = Json().Match(Page).Groups[1].Value;
        Assert.Contains(File, json, StringComparison.Ordinal);
        var configuration = new ConfigurationBuilder()
            .AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(json.Replace(File, Write(Encoding.UTF8.GetString(Bundle().ToUtf8Json())), StringComparison.Ordinal)))).Build();
        var options = new SpiffeOptions { EndpointSocket = "unix:///tmp/agent.sock" };
        new SpiffeOptionsSetup(configuration).Configure(options);

        Assert.Null(new SpiffeOptionsValidator(configuration).Validate(null, options).FailureMessage);
        Assert.Null(new UnreadKeys([SpiffeOptionsSetup.Keys], configuration).Validate(null, options).FailureMessage);
        Assert.Equal([BundleEndpointProfile.HttpsSpiffe, BundleEndpointProfile.HttpsWeb], options.Federation.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => entry.Value.Profile!.Value));
    }

    [Fact]
    public void It_has_every_key() =>
        Assert.Equal(typeof(SpiffeFederationOptions).GetProperties().Select(property => property.Name), Key().Matches(Page).Select(match => match.Groups[1].Value));

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Json();

    [GeneratedRegex("^\\| `(\\w+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Key();
}
