using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json;
using AspNetSpiffe.TestKit;
using Grpc.Core;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe doctor, with agents and sockets in every state.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DoctorCommandTests : AgentTest
{
    private static readonly string[] All = ["address", "socket", "agent", "identity", "bundles", "tokens", "clock"];

    [Fact]
    public async Task All_is_well_with_an_agent_that_issues_all()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web") { Hint = "front" });
        var (exitCode, checks) = await ExamineAsync(agent.AddressOf("web"));
        Assert.Equal(0, exitCode);
        Assert.Equal(All, checks.Select(check => check.Name));
        Assert.All(checks, check => Assert.Equal(("ok", null), (check.Verdict, check.Remedy)));
        Assert.Matches("spiffe://example.org/web, hint 'front', until .* left", Found(checks, "identity"));
        Assert.Contains("from the environment variable SPIFFE_ENDPOINT_SOCKET", Found(checks, "address"), StringComparison.Ordinal);
        if (OperatingSystem.IsLinux()) Assert.Contains($"process {Environment.ProcessId} (", Found(checks, "socket"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task For_people_each_check_is_a_line_and_a_remedy_stands_below_its_own()
    {
        var (exitCode, output, errors) = await Tool.RunAsync(null, Patience, "doctor", "--socket", $"unix://{Folder}/nothing.sock");
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal((1, ""), (exitCode, errors));
        Assert.StartsWith("ok       address   ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("failed   socket    ", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("         → In a container", lines[2], StringComparison.Ordinal);
        Assert.All(lines[3..], line => Assert.StartsWith("skipped  ", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("no address at all", "address", "The address of the Workload API is missing")]
    [InlineData("no address of the kind", "address", "'http://agent' is not an address")]
    [InlineData("nothing there", "socket", "The socket does not exist")]
    [InlineData("nobody listens", "socket", "Connection refused: no process listens")]
    [InlineData("a file", "socket", "The path is a regular file")]
    public async Task What_fails_is_named_with_a_remedy_and_the_rest_is_skipped(string fault, string check, string text)
    {
        var path = Path.Combine(Folder, "agent.sock");
        using var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        if (fault == "nobody listens") dead.Bind(new UnixDomainSocketEndPoint(path));
        if (fault == "a file") await File.WriteAllTextAsync(path, "", Patience);
        var address = fault switch { "no address at all" => null, "no address of the kind" => "http://agent", _ => $"unix://{path}" };

        var (exitCode, checks) = await ExamineAsync(address);
        Assert.Equal(1, exitCode);
        AssertFailed(checks, check, text);
        Assert.All(checks.SkipWhile(one => one.Name != check).Skip(1), later => Assert.Equal("skipped", later.Verdict));
    }

    [RootFact]
    public async Task A_socket_that_we_may_not_open_is_shown_with_its_owner_and_ours()
    {
        var agent = await StartAgentAsync(new DevIdentity("/web"));
        File.SetUnixFileMode(Folder, (UnixFileMode)493);
        var start = new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "aspnet-spiffe.dll"), "doctor", "--socket", agent.AddressOf("web")]) { RedirectStandardOutput = true };
        using var tool = Process.Start(start)!;
        var output = await tool.StandardOutput.ReadToEndAsync(Patience);
        await tool.WaitForExitAsync(Patience);
        Assert.Equal(1, tool.ExitCode);
        Assert.Contains("This process may not open the socket", output, StringComparison.Ordinal);
        Assert.Contains("We are user 65534 and group 65534; there is a socket of user 0 and group 0, mode 0600", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_registration_it_says_how_to_make_one()
    {
        var agent = await StartAgentAsync();
        var (exitCode, checks) = await ExamineAsync(agent.AddressOf("web"));
        Assert.Equal(1, exitCode);
        AssertFailed(checks, "agent", "PermissionDenied: no identity issued");
        Assert.Contains("aspnet-spiffe id", checks.Single(check => check.Name == "agent").Remedy, StringComparison.Ordinal);
        Assert.Equal("skipped", checks.Single(check => check.Name == "identity").Verdict);
    }

    [Fact]
    public async Task An_agent_that_never_answers_costs_one_timeout()
    {
        await using var agent = await FakeAgent.StartAsync();
        var (exitCode, checks) = await ExamineAsync(agent.Address, "--timeout", "1s");
        Assert.Equal(1, exitCode);
        AssertFailed(checks, "agent", "There was no response within");
        Assert.Equal(["identity", "bundles", "tokens", "clock"], checks.Where(check => check.Verdict == "skipped").Select(check => check.Name));
        Assert.InRange(agent.Calls.Count, 0, 1);
    }

    [Fact]
    public async Task Several_identities_are_warned_of()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, checks) = await ExamineAsync(agent.AddressOf("web"));
        Assert.Equal(0, exitCode);
        Assert.Equal(["ok", "ok", "warning"], checks.Where(check => check.Name == "identity").Select(check => check.Verdict));
    }

    [Fact]
    public async Task An_identity_for_clients_only_is_warned_of()
    {
        var pki = new TestPki();
        var checks = await ExamineIdentityAsync(pki, leaf => leaf with { ExtendedKeyUsages = [CertificateSpec.ClientAuth] });
        Assert.Contains("valid for clients only", Warning(checks, "identity"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_that_is_not_renewed_is_warned_of()
    {
        var pki = new TestPki();
        var checks = await ExamineIdentityAsync(pki, leaf => leaf with { NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(5) });
        Assert.Contains("has not been renewed", Warning(checks, "identity"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bundles_without_authorities_and_without_a_future_are_warned_of()
    {
        await using var agent = await FakeAgent.StartAsync();
        var soon = new TestPki("soon.test", root: root => root with { NotAfter = TimeProvider.System.GetUtcNow().AddDays(3) });
        var over = new TestPki("over.test", root: root => root with { NotAfter = TimeProvider.System.GetUtcNow().AddMinutes(-1) });
        var pki = new TestPki("example.org", root: root => root with { NotAfter = TimeProvider.System.GetUtcNow().AddDays(30) });
        Greet(agent, new TestIdentity(pki.Leaf("/web"), pki.Authorities).With("empty.test").With("soon.test", soon.Authorities).With("over.test", over.Authorities));

        var (exitCode, checks) = await ExamineAsync(agent.Address);
        var bundles = checks.Where(check => check.Name == "bundles").ToDictionary(check => check.Found.Split([' ', ':'])[0]);
        Assert.Equal(0, exitCode);
        Assert.Equal("ok", bundles["example.org"].Verdict);
        Assert.Equal(("warning", true), (bundles["empty.test"].Verdict, bundles["empty.test"].Remedy!.Contains("Peers of this trust domain cannot be verified", StringComparison.Ordinal)));
        Assert.Equal(("warning", true), (bundles["soon.test"].Verdict, bundles["soon.test"].Remedy!.Contains("expire soon", StringComparison.Ordinal)));
        Assert.Equal(("warning", true), (bundles["over.test"].Verdict, bundles["over.test"].Remedy!.Contains("have expired", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_agent_without_tokens_is_warned_of_and_well()
    {
        var pki = new TestPki();
        var checks = await ExamineIdentityAsync(pki, leaf => leaf);
        Assert.Contains("Unimplemented", Warning(checks, "tokens"), StringComparison.Ordinal);
        Assert.Contains("within the SVID's validity", Found(checks, "clock"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-20, "warning", "20 s ahead of|2. s ahead of")]
    [InlineData(-120, "failed", "2 min.* ahead of")]
    [InlineData(20, "warning", "s behind")]
    [InlineData(120, "failed", "min.* behind")]
    public async Task A_clock_that_differs_from_the_issuers_is_told_with_its_size(int seconds, string verdict, string text)
    {
        var time = new ManualTime(TimeProvider.System.GetUtcNow().AddSeconds(seconds));
        var agent = await StartAgentAsync(new DevAgentOptions { Directory = Folder, TimeProvider = time }.AddWorkload("web", new DevIdentity("/web")));
        var (exitCode, checks) = await ExamineAsync(agent.AddressOf("web"));
        var clock = checks.Single(check => check.Name == "clock");
        Assert.Equal(verdict, clock.Verdict);
        Assert.Matches(text, clock.Found);
        Assert.Contains("time service", clock.Remedy, StringComparison.Ordinal);
        if (verdict == "failed") Assert.Equal(1, exitCode);
    }

    private static string Found(Check[] checks, string name) => checks.Single(check => check.Name == name).Found;

    private static void AssertFailed(Check[] checks, string name, string text)
    {
        var failed = checks.Single(check => check.Name == name);
        Assert.Equal("failed", failed.Verdict);
        Assert.Contains(text, failed.Found, StringComparison.Ordinal);
        Assert.NotNull(failed.Remedy);
    }

    private static string Warning(Check[] checks, string name)
    {
        var warned = checks.Single(check => check.Name == name);
        Assert.Equal("warning", warned.Verdict);
        Assert.NotNull(warned.Remedy);
        return warned.Found;
    }

    private static void Greet(FakeAgent agent, TestIdentity identity)
    {
        agent.Greet(identity);
        agent.OnEachCall = one => one.CloseWith(StatusCode.Unimplemented, "no tokens here");
    }

    private async Task<Check[]> ExamineIdentityAsync(TestPki pki, Func<CertificateSpec, CertificateSpec> change)
    {
        await using var agent = await FakeAgent.StartAsync();
        Greet(agent, new TestIdentity(pki.Leaf(change), pki.Authorities));
        var (exitCode, checks) = await ExamineAsync(agent.Address);
        Assert.Equal(0, exitCode);
        return checks;
    }

    private async Task<(int ExitCode, Check[] Checks)> ExamineAsync(string? endpointSocket, params string[] options)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(endpointSocket, Patience, ["doctor", "--json", .. options]);
        Assert.Equal("", errors);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(exitCode == 0, json.RootElement.GetProperty("healthy").GetBoolean());
        return (exitCode, [.. json.RootElement.GetProperty("checks").EnumerateArray().Select(check => new Check(
            check.GetProperty("check").GetString()!, check.GetProperty("verdict").GetString()!, check.GetProperty("found").GetString()!, check.GetProperty("remedy").GetString()))]);
    }

    private sealed record Check(string Name, string Verdict, string Found, string? Remedy);
}
