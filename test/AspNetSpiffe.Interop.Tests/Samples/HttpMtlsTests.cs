using System.Text.RegularExpressions;
using AspNetSpiffe.TestKit;

namespace AspNetSpiffe.InteropTests;

/// <summary>The command line's agent and the two programs of the sample, each a process of its own, as the README says.</summary>
public sealed partial class HttpMtlsTests(ITestOutputHelper output, HttpMtlsTests.CommandLineAgent agent) : InteropTest(output), IClassFixture<HttpMtlsTests.CommandLineAgent>
{
    [Fact]
    public async Task All_endpoints_answer_the_client_of_the_sample()
    {
        var (_, server, health) = await StartServerAsync();
        var client = await RunClientAsync(server, "spiffe://example.org/server");

        Assert.True(client.ExitCode == 0, client.All);
        Assert.Contains("Hello, spiffe://example.org/client", client.Output, StringComparison.Ordinal);
        Assert.Contains("\"spiffeId\":\"spiffe://example.org/client\"", client.Output, StringComparison.Ordinal);
        foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
            foreach (var version in (string[])["1.1", "2.0"])
                Assert.Matches($"{method} +HTTP/{version} +200", client.Output);

        using var probe = new HttpClient();
        Assert.Equal("healthy", await probe.GetStringAsync($"http://{health}/health", Patience));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await probe.GetAsync($"http://{health}/api/hello", Patience)).StatusCode);
    }

    [Fact]
    public async Task A_client_that_is_not_allowed_fails_at_the_handshake_and_the_server_logs_its_ID()
    {
        var (program, server, _) = await StartServerAsync(("ALLOWED_CLIENT_ID", "spiffe://example.org/other"));
        var client = await RunClientAsync(server, "spiffe://example.org/server");

        Assert.Equal(1, client.ExitCode);
        var refusal = await program.ReadUntilAsync("Rejected a client in the TLS handshake", Patience);
        Assert.Contains("NotAllowed", refusal, StringComparison.Ordinal);
        Assert.Contains("spiffe://example.org/client", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_takes_its_settings_from_the_file_of_its_README_and_the_environment_wins()
    {
        var readme = await File.ReadAllTextAsync(Repository.PathOf("samples", "HttpMtls", "Server", "README.md"), Patience);
        var file = Path.Combine(Folder, "config.yaml");
        await File.WriteAllTextAsync(file, YamlBlock().Match(readme).Groups[1].Value.Replace("/tmp/spiffe/", agent.Folder + "/", StringComparison.Ordinal), Patience);
        var (program, server, _) = await StartServerAsync(("CONFIG_FILE", file), ("SPIFFE_ENDPOINT_SOCKET", null));
        var client = await RunClientAsync(server, "spiffe://example.org/server");
        Assert.True(client.ExitCode == 0, client.All);

        (program, server, _) = await StartServerAsync(("CONFIG_FILE", file), ("AUTH_POLICY", "specific-id"), ("ALLOWED_CLIENT_ID", "spiffe://example.org/other"), ("SPIFFE_ENDPOINT_SOCKET", null));
        client = await RunClientAsync(server, "spiffe://example.org/server");
        Assert.Equal(1, client.ExitCode);
        Assert.Contains("NotAllowed", await program.ReadUntilAsync("Rejected a client in the TLS handshake", Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_http_only_the_probe_is_answered()
    {
        await using var program = Run(new() { ["SPIFFE_ENDPOINT_SOCKET"] = SocketOf("server"), ["HEALTH_ADDRESS"] = "127.0.0.1:0", ["HTTP_ENABLED"] = "false" }, "http-mtls-server");
        var health = Listening().Match(await program.ReadUntilAsync("listening on: ", Patience));
        Assert.StartsWith("http:", health.Value, StringComparison.Ordinal);
        using var probe = new HttpClient();
        Assert.Equal("healthy", await probe.GetStringAsync($"http://{health.Groups[1].Value}/health", Patience));
    }

    [Fact]
    public async Task A_policy_of_any_lets_a_partner_in()
    {
        var ours = await StartAgentAsync(new DevAgentOptions().AddWorkload("server", "/server"));
        var partners = await StartAgentAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("partner.test") }.AddWorkload("client", "/client"));
        ours.AddFederatedBundle(partners);
        partners.AddFederatedBundle(ours);

        var (_, server, _) = await StartServerAsync(("SPIFFE_ENDPOINT_SOCKET", ours.AddressOf("server")), ("AUTH_POLICY", "any"));
        var client = await RunClientAsync(server, "spiffe://example.org/server", ("SPIFFE_ENDPOINT_SOCKET", partners.AddressOf("client")));
        Assert.True(client.ExitCode == 0, client.All);
    }

    [Theory]
    [InlineData("http: { adress: ':1' }", "http.adress: is not a key of this server. There are spire.socket_path,")]
    [InlineData("http: { timeout: 30 }", "http.timeout: '30' is not a time; write '30s'")]
    [InlineData("http: { enabled: perhaps }", "http.enabled: 'perhaps' is neither true nor false.")]
    [InlineData("spire: { trust_domain: 'spiffe://a/b' }", "spire.trust_domain: 'spiffe://a/b' is not the name of a trust domain")]
    [InlineData("http: { authentication: { policy: everybody } }", "http.authentication.policy: 'everybody' is none of any, trust-domain, specific-id, one-of.")]
    [InlineData("http: { authentication: { policy: any, allowed_id: 'spiffe://example.org/client' } }", "http.authentication.allowed_id: does not go with the policy 'any'.")]
    [InlineData("http: { authentication: { policy: specific-id } }", "http.authentication.allowed_id: does not go with the policy 'specific-id'.")]
    [InlineData("http: { authentication: { policy: one-of, allowed_ids: [] } }", "http.authentication.allowed_ids: does not go with the policy 'one-of'.")]
    [InlineData("http: { authentication: { allowed_ids: [client] } }", "http.authentication.allowed_ids: 'client' is neither a SPIFFE ID nor a pattern")]
    [InlineData("http: [", "Could not parse the YAML file")]
    public async Task A_mistake_in_the_file_ends_the_start_and_names_the_key(string yaml, string expected)
    {
        var file = Path.Combine(Folder, "config.yaml");
        await File.WriteAllTextAsync(file, yaml, Patience);
        await using var server = Run(new() { ["SPIFFE_ENDPOINT_SOCKET"] = SocketOf("server"), ["CONFIG_FILE"] = file }, "http-mtls-server");
        var ended = await server.FinishAsync("", Patience);

        Assert.Equal(2, ended.ExitCode);
        Assert.Contains(expected, ended.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_means_another_server_sends_nothing_and_says_whom_it_met()
    {
        var (_, server, _) = await StartServerAsync();
        var client = await RunClientAsync(server, "spiffe://example.org/database");

        Assert.Equal(1, client.ExitCode);
        Assert.Contains("NotAllowed. It presented 'spiffe://example.org/server'. Expected was 'spiffe://example.org/database'", client.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_with_a_token_is_known_by_it()
    {
        var (_, server, _) = await StartServerAsync(("JWT_AUDIENCE", "https://server.example.org"));
        var client = await RunClientAsync(server, "spiffe://example.org/server", ("JWT_AUDIENCE", "https://server.example.org"));

        Assert.True(client.ExitCode == 0, client.All);
        Assert.Contains("Hello, spiffe://example.org/client, over a connection of spiffe://example.org/client", client.Output, StringComparison.Ordinal);
    }

    [Theory, Trait("Trial", "A-16")]
    [InlineData("spiffe://partner.test/client", true)]
    [InlineData(null, false)]
    public async Task A_token_of_the_allowed_client_counts_also_from_another_trust_domain(string? allowed, bool admitted)
    {
        var ours = await StartAgentAsync(new DevAgentOptions().AddWorkload("server", "/server"));
        var partners = await StartAgentAsync(new DevAgentOptions { TrustDomain = TrustDomain.Parse("partner.test") }.AddWorkload("client", "/client"));
        ours.AddFederatedBundle(partners);
        partners.AddFederatedBundle(ours);

        var (_, server, _) = await StartServerAsync(("SPIFFE_ENDPOINT_SOCKET", ours.AddressOf("server")), ("ALLOWED_CLIENT_ID", allowed), ("JWT_AUDIENCE", "server"));
        var client = await RunClientAsync(server, "spiffe://example.org/server", ("SPIFFE_ENDPOINT_SOCKET", partners.AddressOf("client")), ("JWT_AUDIENCE", "server"));

        Assert.True(client.ExitCode == (admitted ? 0 : 1), client.All);
        if (admitted) Assert.Contains("Hello, spiffe://partner.test/client, over a connection of spiffe://partner.test/client", client.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_somebody_else_is_refused_and_the_server_logs_why()
    {
        var (program, server, _) = await StartServerAsync(("JWT_AUDIENCE", "https://server.example.org"));
        var client = await RunClientAsync(server, "spiffe://example.org/server", ("JWT_AUDIENCE", "https://other.example.org"));

        Assert.Equal(1, client.ExitCode);
        Assert.Contains("401", client.All, StringComparison.Ordinal);
        Assert.Contains("NotAddressedToUs", await program.ReadUntilAsync("Rejected a token", Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_is_answered_with_the_files_that_the_command_line_writes()
    {
        var (_, server, _) = await StartServerAsync();
        var files = Path.Combine(Folder, "files");
        await using var fetch = Run([], "aspnet-spiffe", "fetch", "x509", "--socket", SocketOf("client"), "--write", files);
        var fetched = await fetch.FinishAsync("", Patience);
        Assert.True(fetched.ExitCode == 0, fetched.All);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(files, "key.pem")));

        string[] arguments = ["--silent", "--show-error", "--insecure", "--cert", Path.Combine(files, "svid.pem"), "--key", Path.Combine(files, "key.pem"), $"https://{server}/api/hello"];
        var answer = await OutsideProgram.RunAsync(Tools.Curl, arguments, "", Patience);
        Assert.Equal("Hello, spiffe://example.org/client\n", answer.Output);

        arguments = ["s_client", "-connect", server, "-CAfile", Path.Combine(files, "bundle.pem"), "-verify_return_error", "-showcerts", "-cert", Path.Combine(files, "svid.pem"), "-key", Path.Combine(files, "key.pem")];
        var handshake = await OutsideProgram.RunAsync(Tools.OpenSsl, arguments, "", Patience);
        Assert.Contains("Verify return code: 0 (ok)", handshake.Output, StringComparison.Ordinal);
        Assert.Equal(2, handshake.Output.Split("BEGIN CERTIFICATE").Length - 1);
    }

    private async Task<(OutsideProgram Program, string Server, string Health)> StartServerAsync(params (string, string?)[] more)
    {
        var environment = new Dictionary<string, string?>
        {
            ["SPIFFE_ENDPOINT_SOCKET"] = SocketOf("server"),
            ["HTTP_ADDRESS"] = "127.0.0.1:0",
            ["HEALTH_ADDRESS"] = "127.0.0.1:0",
        };
        foreach (var (name, value) in more) environment[name] = value;
        var program = Stopping(Run(environment, "http-mtls-server"));
        var server = Listening().Match(await program.ReadUntilAsync("listening on: https", Patience));
        var health = Listening().Match(await program.ReadUntilAsync("listening on: http:", Patience));
        return (program, server.Groups[1].Value, health.Groups[1].Value);
    }

    private async Task<ProgramResult> RunClientAsync(string server, string expected, params (string, string?)[] more)
    {
        var environment = new Dictionary<string, string?> { ["SPIFFE_ENDPOINT_SOCKET"] = SocketOf("client"), ["SERVER_URL"] = $"https://{server}", ["EXPECTED_SERVER_ID"] = expected };
        foreach (var (name, value) in more) environment[name] = value;
        await using var client = Run(environment, "http-mtls-client");
        return await client.FinishAsync("", Patience);
    }

    private string SocketOf(string workload) => $"unix://{agent.Folder}/{workload}.sock";

    private static OutsideProgram Run(Dictionary<string, string?> environment, string name, params IEnumerable<string> arguments) =>
        BuiltProgram.Start(environment, name switch { "http-mtls-server" => "Server", "http-mtls-client" => "Client", _ => "AspNetSpiffe.Cli" }, name, arguments);

    [GeneratedRegex("https?://(.+)$")]
    private static partial Regex Listening();

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex YamlBlock();

    /// <summary>The agent of all these tests: none changes what it issues.</summary>
    public sealed class CommandLineAgent : IAsyncLifetime
    {
        private readonly string _root = Directory.CreateTempSubdirectory("spiffe-http-mtls-").FullName;
        private OutsideProgram? _program;

        public string Folder => Path.Combine(_root, "agent");

        public async ValueTask InitializeAsync()
        {
            using var patience = new CancellationTokenSource(HangLimit.OfATest);
            _program = Run([], "aspnet-spiffe", "agent", "--trust-domain", "example.org", "--workload", "server=/server", "--workload", "client=/client", "--directory", Folder);
            await _program.ReadUntilAsync("client.sock", patience.Token);
        }

        public async ValueTask DisposeAsync()
        {
            if (_program is not null) await _program.DisposeAsync();
            Directory.Delete(_root, recursive: true);
        }
    }
}
