using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe inspect, with files that are good, bad and something else.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class InspectCommandTests : AgentTest
{
    private readonly TestPki _pki = new(intermediates: 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_good_chain_breaks_no_rule_with_its_bundle(bool der)
    {
        var svid = _pki.Leaf("/web");
        var file = der ? Write("chain.der", TestPki.Der([svid.Leaf, .. svid.Intermediates])) : Write("chain.pem", Pem([svid.Leaf, .. svid.Intermediates]));
        var (exitCode, report) = await InspectAsync(file, "--bundle", Write("bundle.pem", Pem(_pki.Authorities)));
        Assert.Equal((0, "certificate", "spiffe://example.org/web", null), (exitCode, (string?)report["kind"], (string?)report["title"], (string?)report["notChecked"]));
        Assert.Equal(23, OutcomesOf(report).Count(outcome => outcome == "ok"));
    }

    [Fact]
    public async Task Without_a_bundle_it_says_what_was_not_checked()
    {
        var svid = _pki.Leaf("/web");
        var (exitCode, report) = await InspectAsync(Write("chain.pem", Pem([svid.Leaf, .. svid.Intermediates])));
        Assert.Equal(0, exitCode);
        Assert.Equal(12, OutcomesOf(report).Count(outcome => outcome == "skipped"));
        Assert.Contains("--bundle FILE, or --socket", (string?)report["notChecked"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_broken_rule_has_its_clause_its_reason_and_its_page()
    {
        var svid = _pki.Leaf(leaf => leaf with { KeyUsage = X509KeyUsageFlags.CrlSign, NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(-5) });
        var (exitCode, report) = await InspectAsync(Write("chain.pem", Pem([svid.Leaf, .. svid.Intermediates])), "--bundle", Write("bundle.pem", Pem(_pki.Authorities)));
        Assert.Equal(1, exitCode);
        Assert.Equal(
            [
                ("X509-SVID §5.2", "SigningKeyUsage", "docs/rejections.md#signingkeyusage"),
                ("X509-SVID §4.3", "NoDigitalSignature", "docs/rejections.md#nodigitalsignature"),
                ("RFC 5280 §4.1.2.5", "Expired", "docs/rejections.md#expired"),
            ],
            report["rules"]!.AsArray().Where(rule => (string?)rule!["outcome"] == "broken").Select(rule => ((string)rule!["clause"]!, (string)rule["reason"]!, (string)rule["page"]!)));
    }

    [Fact]
    public async Task The_role_decides_about_the_extended_key_usage()
    {
        var svid = _pki.Leaf(leaf => leaf with { ExtendedKeyUsages = [CertificateSpec.ServerAuth] });
        var (chain, bundle) = (Write("chain.pem", Pem([svid.Leaf, .. svid.Intermediates])), Write("bundle.pem", Pem(_pki.Authorities)));
        Assert.Equal(0, (await InspectAsync(chain, "--bundle", bundle, "--role", "server")).ExitCode);
        Assert.Equal(1, (await InspectAsync(chain, "--bundle", bundle, "--role", "client")).ExitCode);
    }

    [Fact]
    public async Task A_private_key_beside_the_certificate_is_never_shown()
    {
        var svid = _pki.Leaf("/web");
        var key = svid.Leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        var file = Write("both.pem", key + "\n" + Pem([svid.Leaf, .. svid.Intermediates]));
        foreach (var form in new[] { Array.Empty<string>(), ["--json"] })
        {
            var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, ["inspect", file, .. form]);
            Assert.Equal((0, ""), (exitCode, errors));
            Assert.All(key.Split('\n')[1..^1], line => Assert.DoesNotContain(line, output, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_token_is_verified_with_the_bundles_of_an_agent_and_never_echoed()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var token = (await FetchTokenAsync(agent.AddressOf("web"))).Trim();
        var file = Write("token", token + "\n");
        var (exitCode, output, _) = await Tool.RunAsync(null, Patience, "inspect", file, "--socket", agent.AddressOf("web"), "--audience", "db");
        Assert.Equal(0, exitCode);
        Assert.Contains("12 ok", output, StringComparison.Ordinal);
        Assert.Contains("[\"db\"]", output, StringComparison.Ordinal);
        Assert.All(token.Split('.'), part => Assert.DoesNotContain(part, output, StringComparison.Ordinal));

        var (refused, report) = await InspectAsync(file, "--socket", agent.AddressOf("web"), "--audience", "other");
        Assert.Equal((1, "NotAddressedToUs"), (refused, (string?)report["rules"]!.AsArray().Single(rule => (string?)rule!["outcome"] == "broken")!["reason"]));
    }

    [Fact]
    public async Task A_forged_token_on_the_standard_input_breaks_the_rule_for_signatures()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        var token = await FetchTokenAsync(agent.AddressOf("web"));
        var forged = $"{token[..token.LastIndexOf('.')]}.{new string('A', 86)}";
        var file = Write("token", forged);
        var (exitCode, output) = await Tool.RunInShellAsync($"inspect - --json --audience db --socket {agent.AddressOf("web")} < {file}", Patience);
        Assert.Equal(1, exitCode);
        Assert.Contains("\"BadSignature\"", output, StringComparison.Ordinal);
        Assert.DoesNotContain(forged, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_stranger_wrote_neither_colours_the_terminal_nor_makes_a_line_of_its_own()
    {
        var token = new TestToken { Payload = """{"sub":"spiffe://td/web","aud":["a"],"exp":4102444800,"iss":"x\u001b[32m\nok       forged\u202e"}""" }.ToString();
        var (_, output, _) = await Tool.RunAsync(null, Patience, "inspect", Write("token", token));
        Assert.Contains("iss         x\uFFFD[32m\uFFFDok       forged\uFFFD", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
        Assert.DoesNotContain('\u202e', output);
    }

    [Fact]
    public async Task A_bundle_document_is_inspected_by_what_its_readers_say()
    {
        var good = new SpiffeBundle(_pki.Bundle, new(_pki.TrustDomain, []), 7, TimeSpan.FromMinutes(5)).ToUtf8Json();
        var (exitCode, report) = await InspectAsync(Write("bundle.json", good), "--trust-domain", "example.org");
        Assert.Equal((0, "bundle", "example.org"), (exitCode, (string?)report["kind"], (string?)report["title"]));
        Assert.Contains("version 7", report["fields"]![0]!["value"]!.ToString(), StringComparison.Ordinal);

        var bad = JsonNode.Parse(good)!;
        bad["keys"]!.AsArray().Add(new JsonObject { ["use"] = "x509-svid", ["kty"] = "EC", ["x5c"] = new JsonArray("MIIB") });
        (exitCode, report) = await InspectAsync(Write("bundle.json", bad.ToJsonString()), "--trust-domain", "example.org");
        Assert.Equal((1, "Trust Domain and Bundle §4.2"), (exitCode, (string?)report["rules"]!.AsArray().Single(rule => (string?)rule!["outcome"] == "broken")!["clause"]));

        (exitCode, report) = await InspectAsync(Write("bundle.json", """{"spiffe_sequence":1}"""), "--trust-domain", "example.org");
        Assert.Equal((1, "broken"), (exitCode, Assert.Single(OutcomesOf(report))));
    }

    [Fact]
    public async Task A_bundle_map_names_its_trust_domains_itself_and_an_expired_authority_is_found()
    {
        var over = new TestPki("over.test", root: root => root with { NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(-1) });
        var map = new SpiffeBundleMap([new(_pki.Bundle, new(_pki.TrustDomain, [])), new(over.Bundle, new(over.TrustDomain, []))]).ToUtf8Json();
        var (exitCode, report) = await InspectAsync(Write("map.json", map));
        Assert.Equal(1, exitCode);
        Assert.Contains("over.test", Assert.Single(report["rules"]!.AsArray(), rule => (string?)rule!["outcome"] == "broken")!["rule"]!.ToString(), StringComparison.Ordinal);

        var svid = over.Leaf("/web");
        Assert.Equal(1, (await InspectAsync(Write("chain.pem", Pem([svid.Leaf])), "--bundle", Write("map.json", map))).ExitCode);
    }

    [Fact]
    public async Task A_bundle_in_PEM_with_a_leaf_in_it_is_no_bundle()
    {
        var file = Write("bundle.pem", Pem([.. _pki.Authorities, _pki.Leaf("/web").Leaf]));
        var (exitCode, report) = await InspectAsync(file, "--trust-domain", "example.org");
        Assert.Equal((1, "broken"), (exitCode, Assert.Single(OutcomesOf(report))));
    }

    [Theory]
    [InlineData(2, "give --trust-domain", "bundle.json")]
    [InlineData(2, "the nearest is 'certificate'", "bundle.json", "--as", "cretificate")]
    [InlineData(2, "--bundle or --socket, not both", "bundle.json", "--as", "token", "--bundle", "x", "--socket", "unix:///x")]
    [InlineData(1, "is neither a certificate (PEM or DER) nor a bundle", "text")]
    [InlineData(1, "cannot be read", "text", "--as", "certificate")]
    [InlineData(1, "nothing.pem", "nothing.pem")]
    [InlineData(1, "CERTIFICATE REQUEST", "request.pem")]
    public async Task What_cannot_be_inspected_is_one_clear_line(int expected, string text, string name, params string[] options)
    {
        Write("bundle.json", new SpiffeBundle(_pki.Bundle, new(_pki.TrustDomain, [])).ToUtf8Json());
        Write("text", "nothing of the kind");
        Write("request.pem", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n");
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, ["inspect", Path.Combine(Folder, name), .. options]);
        Assert.Equal((expected, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    private static IEnumerable<string?> OutcomesOf(JsonNode report) => report["rules"]!.AsArray().Select(rule => (string?)rule!["outcome"]);

    private static string Pem(IEnumerable<X509Certificate2> certificates) => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));

    private string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private async Task<(int ExitCode, JsonNode Report)> InspectAsync(string file, params string[] options)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, ["inspect", file, "--json", .. options]);
        Assert.Equal("", errors);
        return (exitCode, JsonNode.Parse(output)!);
    }

    private async Task<string> FetchTokenAsync(string address)
    {
        var (_, output, _) = await Tool.RunAsync(address, Patience, "fetch", "jwt", "--audience", "db", "--json");
        using var json = JsonDocument.Parse(output);
        return json.RootElement.GetProperty("svids")[0].GetProperty("svid").GetString()!;
    }
}
