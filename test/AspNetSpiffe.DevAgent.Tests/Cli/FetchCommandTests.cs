using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe fetch and watch, against a running agent.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class FetchCommandTests : AgentTest
{
    [Fact, Trait("Spec", "EP-01")]
    public async Task X509_is_shown_to_people_without_any_escape_sequence()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web") { Hint = "front" });
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "x509");

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("spiffe://example.org/web", output, StringComparison.Ordinal);
        Assert.Contains("front", output, StringComparison.Ordinal);
        Assert.Contains("bundle example.org", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Fact]
    public async Task X509_as_JSON_has_certificates_and_no_private_key()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, output, _) = await Tool.RunAsync(null, Patience, "fetch", "x509", "--json", "--socket", agent.AddressOf("web"));
        using var json = JsonDocument.Parse(output);

        Assert.Equal(0, exitCode);
        var svids = json.RootElement.GetProperty("svids").EnumerateArray().ToArray();
        Assert.Equal(["spiffe://example.org/a", "spiffe://example.org/b"], svids.Select(s => s.GetProperty("spiffe_id").GetString()));
        Assert.Equal(2, svids[0].GetProperty("certificates").GetArrayLength());
        Assert.Equal(1, json.RootElement.GetProperty("bundles").GetProperty("example.org").GetArrayLength());
        Assert.DoesNotContain("PRIVATE KEY", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Written_files_hold_a_chain_a_key_of_mode_0600_and_the_bundle()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var folder = Path.Combine(Folder, "pem");
        for (var i = 0; i < 2; i++) Assert.Equal(0, (await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "x509", "--write", folder)).ExitCode);

        Assert.Equal(["bundle.pem", "key.pem", "svid.pem"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "key.pem")));
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", await File.ReadAllTextAsync(Path.Combine(folder, "key.pem"), Patience), StringComparison.Ordinal);
        using var leaf = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "svid.pem"), Path.Combine(folder, "key.pem"));
        Assert.Equal(["spiffe://example.org/web"], new CertificateText(leaf).Uris);
        var (chain, bundle) = (new X509Certificate2Collection(), new X509Certificate2Collection());
        chain.ImportFromPemFile(Path.Combine(folder, "svid.pem"));
        bundle.ImportFromPemFile(Path.Combine(folder, "bundle.pem"));
        Assert.Equal(2, chain.Count);
        Assert.Equal(agent.X509Authorities[0].RawData, Assert.Single(bundle).RawData);
    }

    [Fact]
    public async Task A_JWT_is_fetched_for_an_audience_and_an_identity()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "jwt", "--audience", "db", "--spiffe-id", "spiffe://example.org/b", "--json");
        Assert.Equal((0, ""), (exitCode, errors));
        using var json = JsonDocument.Parse(output);
        var svid = Assert.Single(json.RootElement.GetProperty("svids").EnumerateArray());
        Assert.Equal("spiffe://example.org/b", svid.GetProperty("spiffe_id").GetString());
        Assert.Equal(0, (await Connect(agent).ValidateJwtAsync(svid.GetProperty("svid").GetString()!, "db", Patience)).Status);

        Assert.Contains("spiffe://example.org/a", (await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "jwt", "--audience", "db")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bundles_are_fetched_for_both_profiles()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        using var other = new DevCertificateAuthority(TrustDomain.Parse("other.org"));
        agent.AddFederatedBundle(other);
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "bundles", "--json");
        Assert.Equal((0, ""), (exitCode, errors));
        using var json = JsonDocument.Parse(output);
        foreach (var profile in new[] { "x509", "jwt" })
            Assert.Equal(["example.org", "other.org"], json.RootElement.GetProperty(profile).EnumerateObject().Select(b => b.Name).Order());
    }

    [Fact]
    public async Task A_watch_shows_each_rotation_and_ends_well_by_a_signal()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        await using var tool = Tool.Start(agent.AddressOf("web"), "watch", "--json");
        var first = await tool.ReadLineAsync("serial_number", Patience);
        agent.Rotate();
        Assert.NotEqual(first, await tool.ReadLineAsync("serial_number", Patience));

        await tool.SignalAsync("INT", Patience);
        var (exitCode, _, errors) = await tool.WaitAsync(Patience);
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Theory]
    [InlineData("fetch", "x509")]
    [InlineData("watch")]
    [InlineData("fetch", "jwt", "--audience", "a")]
    public async Task A_refusal_of_the_agent_is_one_line_and_exit_code_1(params string[] arguments)
    {
        var agent = await StartAgentAsync();
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, arguments);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("no identity issued", Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact, Trait("Spec", "EP-01")]
    public async Task Without_an_address_the_error_names_both_ways_to_give_one()
    {
        var (exitCode, _, errors) = await Tool.RunAsync(null, Patience, "fetch", "x509");
        Assert.Equal(1, exitCode);
        Assert.Contains("--socket", errors, StringComparison.Ordinal);
        Assert.Contains("SPIFFE_ENDPOINT_SOCKET", errors, StringComparison.Ordinal);
    }
}
