using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe id.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class IdCommandTests : AgentTest
{
    [Fact]
    public async Task What_the_agent_issues_is_shown_first()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"), new DevIdentity("/b"));
        var (exitCode, report) = await AskAsync(agent.AddressOf("web"));
        Assert.Equal(0, exitCode);
        Assert.Equal(["spiffe://example.org/a", "spiffe://example.org/b"], report["issued"]!.AsArray().Select(id => (string?)id));
        Assert.Null(report["problem"]);
    }

    [Fact]
    public async Task Without_an_identity_the_command_registers_this_user_as_the_system_names_it()
    {
        var agent = await StartAgentAsync();
        var (exitCode, report) = await AskAsync(agent.AddressOf("web"), "--spiffe-id", "spiffe://example.org/web", "--parent-id", "spiffe://example.org/agent");
        var user = await OutputAsync("id", "-u");
        Assert.Equal(1, exitCode);
        Assert.Contains("no identity issued", (string?)report["problem"], StringComparison.Ordinal);
        Assert.Equal($"spire-server entry create -parentID spiffe://example.org/agent -spiffeID spiffe://example.org/web -selector unix:uid:{user}", (string?)report["command"]);

        var selectors = report["selectors"]!.AsArray().Select(selector => (string)selector!).ToArray();
        Assert.Contains($"unix:user:{await OutputAsync("id", "-un")}", selectors);
        Assert.Contains($"unix:gid:{await OutputAsync("id", "-g")}", selectors);
        Assert.Contains($"unix:group:{await OutputAsync("id", "-gn")}", selectors);
    }

    [Fact]
    public async Task A_program_has_its_path_and_its_hash()
    {
        var agent = await StartAgentAsync(new DevIdentity("/a"));
        var program = Path.Combine(Folder, "program");
        await File.WriteAllTextAsync(program, "text", Patience);
        File.CreateSymbolicLink(Path.Combine(Folder, "link"), program);
        var (_, report) = await AskAsync(agent.AddressOf("web"), "--program", Path.Combine(Folder, "link"));
        var selectors = report["selectors"]!.AsArray().Select(selector => (string)selector!).ToArray();
        Assert.Contains($"unix:path:{program}", selectors);
        Assert.Contains($"unix:sha256:{Convert.ToHexStringLower(SHA256.HashData("text"u8))}", selectors);
    }

    [Fact]
    public async Task In_a_Pod_it_is_the_service_account_and_the_token_is_not_shown()
    {
        var agent = await StartAgentAsync();
        var token = $"e30.{Base64Url.EncodeToString("""{"sub":"system:serviceaccount:shop:cart"}"""u8)}.c2VjcmV0";
        await File.WriteAllTextAsync(Path.Combine(Folder, "namespace"), "shop\n", Patience);
        await File.WriteAllTextAsync(Path.Combine(Folder, "token"), token, Patience);
        var (exitCode, output, _) = await Tool.RunAsync(agent.AddressOf("web"), Patience, "id", "--service-account", Folder, "--parent-id", "spiffe://example.org/agent");
        Assert.Equal(1, exitCode);
        Assert.Contains("-spiffeID spiffe://example.org/ns/shop/sa/cart -selector k8s:ns:shop -selector k8s:sa:cart", output, StringComparison.Ordinal);
        Assert.Contains("k8s:pod-label", output, StringComparison.Ordinal);
        Assert.All(token.Split('.'), part => Assert.DoesNotContain(part, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_an_agent_the_entry_is_shown_all_the_same_with_what_to_fill_in()
    {
        var (exitCode, report) = await AskAsync("unix:///nowhere/agent.sock");
        Assert.Equal(1, exitCode);
        Assert.Contains("unix:///nowhere/agent.sock", (string?)report["problem"], StringComparison.Ordinal);
        Assert.Contains("-parentID PARENT_ID -spiffeID spiffe://TRUST_DOMAIN/", (string?)report["command"], StringComparison.Ordinal);
        Assert.Contains(report["remarks"]!.AsArray(), remark => ((string)remark!).StartsWith("TRUST_DOMAIN", StringComparison.Ordinal));
    }

    private async Task<(int ExitCode, JsonNode Report)> AskAsync(string endpointSocket, params string[] options)
    {
        var (exitCode, output, errors) = await Tool.RunAsync(endpointSocket, Patience, ["id", "--json", "--service-account", Path.Combine(Folder, "none"), .. options]);
        Assert.Equal("", errors);
        return (exitCode, JsonNode.Parse(output)!);
    }

    private async Task<string> OutputAsync(string program, string option)
    {
        using var process = Process.Start(new ProcessStartInfo(program, [option]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(Patience);
        await process.WaitForExitAsync(Patience);
        return output.Trim();
    }
}
