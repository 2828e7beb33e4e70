using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace AspNetSpiffe.AgentTests;

/// <summary>aspnet-spiffe request, to real servers with SVIDs of a real agent.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RequestCommandTests : AgentTest
{
    private const string Server = "spiffe://example.org/server";

    [Fact]
    public async Task The_answer_goes_to_the_standard_output_and_both_ends_to_the_standard_error()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/hello", "--expect", $"spiffe://example.org/other,{Server}");
        Assert.Equal((0, "GET spiffe://example.org/client HTTP/2"), (exitCode, output));
        Assert.Matches("ours  spiffe://example.org/client", errors);
        Assert.Matches($"server  {Server}", errors);
        Assert.Contains($", matched by {Server}", errors, StringComparison.Ordinal);
        Assert.Contains("HTTP/2.0 200", errors, StringComparison.Ordinal);
        Assert.Equal(4, errors.Split('\n').Count(line => line.Contains("certificate ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Method_headers_and_body_are_sent()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output, _) = await RequestAsync(agent, server, "/echo", "--expect", Server, "-X", "PUT", "-H", "X-Word: hello", "-H", "Content-Type: text/plain", "-d", "body");
        Assert.Equal((0, "PUT hello text/plain body"), (exitCode, output));
    }

    [Fact]
    public async Task An_error_status_is_shown_with_its_body_and_has_an_exit_code_of_its_own()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/nothing", "--expect", Server);
        Assert.Equal((4, ""), (exitCode, output));
        Assert.Contains("404", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_server_than_the_expected_one_is_refused_with_the_reason_the_remedy_and_its_chain()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/hello", "--expect", "spiffe://example.org/orders", "--json");
        var report = JsonNode.Parse(output)!;
        Assert.Equal((3, ""), (exitCode, errors));
        Assert.Equal((Server, false, "NotAllowed"), ((string?)report["server"]!["spiffeId"], (bool)report["server"]!["verified"]!, (string?)report["server"]!["reason"]));
        Assert.Equal(2, report["server"]!["certificates"]!.AsArray().Count);
        Assert.Contains("Expected was 'spiffe://example.org/orders'.", (string?)report["error"], StringComparison.Ordinal);
        Assert.Contains("docs/rejections.md#notallowed", (string?)report["error"], StringComparison.Ordinal);
        Assert.Null(report["answer"]);
        Assert.Equal(0, server.Services.GetRequiredService<RequestCount>().Value);
    }

    [Fact]
    public async Task A_server_of_a_stranger_is_refused_and_nothing_is_sent()
    {
        var (agent, stranger) = (await StartAgentAsync(), await StartAgentAsync(Path.Combine(Folder, "stranger"), "example.org"));
        await using var server = await StartServerAsync(stranger);
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/hello", "--expect", Server);
        Assert.Equal((3, ""), (exitCode, output));
        Assert.Matches("Rejected a server in the TLS handshake: (NotTrusted|BadSignature)", errors);
        Assert.Equal(0, server.Services.GetRequiredService<RequestCount>().Value);
    }

    [Fact]
    public async Task A_server_that_refuses_us_is_named_as_the_one_that_knows_why()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent, "spiffe://example.org/somebody-else");
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/hello", "--expect", Server);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("It may have rejected our SVID 'spiffe://example.org/client'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_the_whole_answer_is_one_document()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output, errors) = await RequestAsync(agent, server, "/hello", "--expect", "spiffe://example.org/**", "--json");
        var report = JsonNode.Parse(output)!;
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal((true, "spiffe://example.org/**", 200), ((bool)report["server"]!["verified"]!, (string?)report["server"]!["matchedBy"], (int)report["answer"]!["status"]!));
        Assert.StartsWith("GET spiffe://example.org/client", (string?)report["answer"]!["body"], StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_listens_it_says_so()
    {
        var agent = await StartAgentAsync();
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var (exitCode, _, errors) = await Tool.RunAsync(agent.AddressOf("client"), Patience, "request", $"https://127.0.0.1:{((IPEndPoint)reserved.LocalEndPoint!).Port}", "--expect", Server);
        Assert.Equal(1, exitCode);
        Assert.Contains("The connection to the server failed", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_ends_when_nobody_reads_the_answer()
    {
        var agent = await StartAgentAsync();
        await using var server = await StartServerAsync(agent);
        var (exitCode, output) = await Tool.RunInShellAsync($"request {server.Urls.Single()}/endless --timeout 1d --expect {Server} --socket {agent.AddressOf("client")} 2>/dev/null | head -c 10", Patience);
        Assert.Equal((0, "more more "), (exitCode, output));
    }

    [Theory]
    [InlineData("is not an https URL", "http://localhost/", "--expect", Server)]
    [InlineData("'--expect' is required", "https://localhost/")]
    [InlineData("next to other characters", "https://localhost/", "--expect", "spiffe://example.org/a*")]
    [InlineData("is not a header", "https://localhost/", "--expect", Server, "-H", "nothing")]
    [InlineData("set --data", "https://localhost/", "--expect", Server, "-H", "Content-Type: text/plain")]
    [InlineData("the nearest is '--expect'", "https://localhost/", "--expct", Server)]
    public async Task A_mistake_is_one_line_and_exit_code_2(string text, params string[] arguments)
    {
        var (exitCode, output, errors) = await Tool.RunAsync("unix:///nowhere.sock", Patience, ["request", .. arguments]);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    private Task<DevAgent> StartAgentAsync() => StartAgentAsync(Path.Combine(Folder, "agent"), "example.org");

    private Task<DevAgent> StartAgentAsync(string folder, string trustDomain) =>
        StartAgentAsync(new DevAgentOptions { Directory = folder, TrustDomain = TrustDomain.Parse(trustDomain) }.AddWorkload("server", "/server").AddWorkload("client", "/client"));

    private async Task<WebApplication> StartServerAsync(DevAgent agent, string? allowed = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("https://127.0.0.1:0").UseSpiffeMtls(options =>
        {
            if (allowed is not null) options.AllowedPeers = [allowed];
        });
        builder.Services.AddSpiffe(options => options.EndpointSocket = agent.AddressOf("server"));
        builder.Services.AddSingleton<RequestCount>();
        var app = builder.Build();
        app.Use((http, next) =>
        {
            http.RequestServices.GetRequiredService<RequestCount>().Value++;
            return next(http);
        });
        app.MapGet("/hello", (HttpContext http) => $"{http.Request.Method} {http.GetSpiffeId()} {http.Request.Protocol}");
        app.MapPut("/echo", async (HttpContext http) => $"{http.Request.Method} {http.Request.Headers["X-Word"]} {http.Request.ContentType} {await new StreamReader(http.Request.Body).ReadToEndAsync(Patience)}");
        app.MapGet("/endless", async (HttpContext http) =>
        {
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.WriteAsync("more ", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        });
        await app.StartAsync(Patience);
        return app;
    }

    private Task<(int ExitCode, string Output, string Errors)> RequestAsync(DevAgent agent, WebApplication server, string path, params string[] options) =>
        Tool.RunAsync(agent.AddressOf("client"), Patience, ["request", server.Urls.Single() + path, .. options]);

    private sealed class RequestCount
    {
        public int Value { get; set; }
    }
}
