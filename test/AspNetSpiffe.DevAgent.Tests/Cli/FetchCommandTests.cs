using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using AspNetSpiffe.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe fetch, against a running agent.</summary>
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
        Assert.Equal(["spiffe://example.org/a", "spiffe://example.org/b"], svids.Select(s => s.GetProperty("spiffeId").GetString()));
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
        Assert.Equal("spiffe://example.org/b", svid.GetProperty("spiffeId").GetString());
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

    [Fact, Trait("Trial", "A-19")]
    public async Task Bundles_as_JSON_have_the_JWT_keys_themselves()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var (_, output, _) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "bundles", "--json");
        using var json = JsonDocument.Parse(output);
        var document = json.RootElement.GetProperty("jwt").GetProperty("example.org").GetRawText();

        var read = SpiffeBundle.Parse(TrustDomain.Parse("example.org"), System.Text.Encoding.UTF8.GetBytes(document));
        using var client = new WorkloadApiClient(WorkloadApiAddress.Parse(agent.AddressOf("web")));
        Assert.Equal((await client.FetchJwtBundlesAsync(Patience)).Find(agent.TrustDomain)!.Authorities, read.Jwt.Authorities.AsEnumerable());
        Assert.Single(read.Jwt.Authorities);
    }

    [Theory, Trait("Trial", "A-10")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_left_out_of_an_answer_is_shown(bool json)
    {
        await using var agent = await FakeAgent.StartAsync();
        var pki = new TestPki();
        var message = X509SVIDResponse.Parser.ParseFrom(pki.ResponseBytes([pki.Leaf("/web")]));
        message.FederatedBundles.Add("spiffe://broken.test", ByteString.CopyFromUtf8("no certificate"));
        agent.Send(message);
        var (exitCode, output, errors) = await Tool.RunAsync(agent.Address, Patience, ["fetch", "x509", .. json ? ["--json"] : Array.Empty<string>()]);

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("The bundle of 'broken.test' is ignored", output, StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "A-10")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_left_out_of_bundles_is_shown(bool json)
    {
        await using var agent = await FakeAgent.StartAsync();
        var pki = new TestPki();
        agent.Send(new X509BundlesResponse
        {
            Bundles = { ["spiffe://example.org"] = ByteString.CopyFrom(pki.BundleDer), ["spiffe://broken.test"] = ByteString.CopyFromUtf8("no certificate") },
        });
        agent.CloseWith(StatusCode.OK);
        agent.Send(new JWTBundlesResponse
        {
            Bundles = { ["spiffe://example.org"] = ByteString.CopyFromUtf8("""{"keys":[]}"""), ["spiffe://mad.test"] = ByteString.CopyFromUtf8("no JSON") },
        });
        agent.CloseWith(StatusCode.OK);
        var (exitCode, output, errors) = await Tool.RunAsync(agent.Address, Patience, ["fetch", "bundles", .. json ? ["--json"] : Array.Empty<string>()]);

        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("The bundle of 'broken.test' is ignored", output, StringComparison.Ordinal);
        Assert.Contains("The JWT bundle of 'mad.test' is ignored", output, StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "A-13")]
    [InlineData("1700000000")]
    [InlineData("4102444800", "1700000000")]
    public async Task An_expired_token_is_refused_and_not_shown(params string[] expirations)
    {
        await using var agent = await FakeAgent.StartAsync();
        var tokens = expirations.Select(exp => new TestToken { Payload = $$"""{"sub":"spiffe://td/web","aud":["db"],"exp":{{exp}}}""" }.ToString()).ToArray();
        agent.Send(new JWTSVIDResponse { Svids = { tokens.Select(token => new JWTSVID { SpiffeId = "spiffe://td/web", Svid = token }) } });
        agent.CloseWith(StatusCode.OK);
        var (exitCode, output, errors) = await Tool.RunAsync(agent.Address, Patience, "fetch", "jwt", "--audience", "db");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("'spiffe://td/web' that expired at 2023-11-14", errors, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "A-13")]
    public async Task An_expired_X509_SVID_is_refused_and_not_shown()
    {
        await using var agent = await FakeAgent.StartAsync();
        var pki = new TestPki();
        agent.Send(new TestIdentity(pki.Leaf(l => l with { NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(-1) }), pki.Authorities));
        var (exitCode, output, errors) = await Tool.RunAsync(agent.Address, Patience, "fetch", "x509");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("Expired", errors, StringComparison.Ordinal);
    }

    [Fact, Trait("Trial", "O-09")]
    public async Task A_token_of_another_identity_is_refused_with_the_ones_that_there_are()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "fetch", "jwt", "--audience", "db", "--spiffe-id", "spiffe://example.org/c");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("issues no JWT-SVID of 'spiffe://example.org/c' to this workload. It issues 'spiffe://example.org/a', 'spiffe://example.org/b'.", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fetch", "x509")]
    [InlineData("fetch", "jwt", "--audience", "a")]
    public async Task A_refusal_of_the_agent_is_one_line_and_exit_code_1(params string[] arguments)
    {
        var agent = await StartAgentAsync();
        var (exitCode, output, errors) = await Tool.RunAsync(agent.AddressOf("web"), Patience, arguments);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("no identity issued", Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_it_says_what_it_waits_for()
    {
        await using var agent = await FakeAgent.StartAsync();
        var start = new ProcessStartInfo("script", ["-qec", $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "aspnet-spiffe.dll")}' fetch x509 --socket {agent.Address}", "/dev/null"]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        using var terminal = Process.Start(start)!;
        try
        {
            for (var line = ""; !line!.Contains($"waiting for the Workload API at {agent.Address}", StringComparison.Ordinal); line = await terminal.StandardOutput.ReadLineAsync(Patience)) Assert.NotNull(line);
        }
        finally
        {
            terminal.Kill(entireProcessTree: true);
        }
    }

    [Fact, Trait("Spec", "EP-01")]
    public async Task Without_an_address_the_error_names_both_ways_to_give_one()
    {
        var (exitCode, _, errors) = await Tool.RunAsync(null, Patience, "fetch", "x509");
        Assert.Equal(2, exitCode);
        Assert.Contains("--socket", errors, StringComparison.Ordinal);
        Assert.Contains("SPIFFE_ENDPOINT_SOCKET", errors, StringComparison.Ordinal);
    }
}
